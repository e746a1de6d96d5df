/** How the network's routing daemon sees the way to a provider, in words, beside what was measured of it. */
import type { Ranked } from '../../model/ranked.js';
import type { Panel } from '../../panel/contract.js';
import { differ, type Grade, grade, type Route, type RoutingStatus, timeGrade, type Way } from '../../routing/index.js';
import { isoOrNull, round } from '../figures.js';
import type { Words } from '../i18n.js';
import { pathFigures } from '../row.js';

export type WayModel = NonNullable<ReturnType<typeof wayModel>>;

/** null where the network knows no way to it, and of one's own. */
export function wayModel({ routing, discovery }: Pick<Panel, 'routing' | 'discovery'>, ranked: Ranked, words: Words) {
  const { address, self } = ranked.provider;
  const way = self ? null : routing.way(address);
  if (way === null) return null;
  const node = way.first === null ? null : nameAt(way.first, discovery);
  const how = howText(way, node, words);
  if (how === null) return null;
  const { daemon, router, route, first } = way;
  const { t } = words;
  const [said, measured] = [grade(route), measuredGrade(ranked)];
  const differs = said !== null && measured !== null && differ(said, measured);
  const seen = router === null ? t('way.seen', { how, daemon }) : t('way.router', { how, daemon, router });
  return {
    ...{ daemon, router, prefix: route.prefix, metric: route.metric && round(route.metric, 3), scale: route.scale },
    ...{ hops: route.hops, gateway: route.gateway, device: route.device, first, node },
    /** The way in one word, by its metric and by the measured time; null where either says nothing. */
    ...{ grade: said, measured, differs },
    text: said === null ? seen : `${seen} ${t('way.grade', { grade: gradeText(said, words) })}`,
    measuredText: measuredText(ranked, words),
    differsText:
      said !== null && measured !== null && differs
        ? t('way.differ', { grade: gradeText(said, words), measured: gradeText(measured, words) })
        : null,
  };
}

const gradeText = (of: Grade, { t }: Words) => t(`way.grade.${of}`);

/** The node's name, as any of its services announces it; its address where none does. */
function nameAt(address: string, discovery: Pick<Panel['discovery'], 'providers'>): string {
  return discovery.providers().find((provider) => provider.address === address && provider.node)?.node || address;
}

/** null where there is nothing to say. */
function howText({ route }: Way, node: string | null, words: Words): string | null {
  const { t } = words;
  const parts = [
    route.hops === null ? [] : t('way.hops', { count: route.hops }),
    metricText(route, words) ?? [],
    beginText(route, node, words) ?? [],
  ].flat();
  return parts.length > 0 ? parts.join(', ') : null;
}

function metricText({ metric, scale, hops }: Route, { t, number, measure }: Words): string | null {
  // Where the daemon counts hops alone, they are said already.
  if (metric === null || metric === hops) return null;
  if (scale === 'rate') return t('way.rate', { rate: `${number(metric / 1e6, 1)}\u00a0Mbit/s` });
  if (scale === 'tq') return t('way.arrives', { share: measure(metric / 255, 'share') });
  return t(scale === 'etx' ? 'way.etx' : 'way.cost', { cost: number(metric, 2) });
}

function beginText({ isNext, device }: Route, node: string | null, { t }: Words): string | null {
  if (isNext) return t('way.next');
  if (node !== null) return t('way.through', { node });
  return device === null ? null : t('way.device', { device });
}

function roundTrip(ranked: Ranked): number | null {
  const { samples, failures, parts } = ranked;
  if (samples === 0 || failures > 0) return null;
  return pathFigures(ranked)?.rtt ?? parts.find(({ metric }) => metric === 'rtt')?.value ?? null;
}

function measuredGrade(ranked: Ranked): Grade | null {
  const rtt = roundTrip(ranked);
  return rtt === null ? null : timeGrade(rtt);
}

function measuredText(ranked: Ranked, { t, measure }: Words): string | null {
  const rtt = roundTrip(ranked);
  if (rtt === null) return null;
  const loss = pathFigures(ranked)?.loss ?? null;
  const figures = [
    t('path.rtt', { value: measure(rtt, 'ms') }),
    loss === null ? [] : t('path.loss', { value: measure(loss, 'share') }),
  ].flat();
  return t('way.measured', { path: figures.join(', ') });
}

/** The daemon itself, as settings and API tell it. */
export function routingModel({ state, daemon, place, routes, lastUp, error }: RoutingStatus) {
  return { state, daemon, place, routes, lastUp: isoOrNull(lastUp), ...(error ? { error } : {}) };
}
