/** How neighbours fare with a provider, in words: of one that was never tried here, of one that was, and of one's own. */
import type { Infrastructure } from '../../community/document.js';
import type { Experience } from '../../community/evidence.js';
import { HOUR_MS } from '../../lib/time.js';
import type { Ranked } from '../../model/ranked.js';
import type { Panel } from '../../panel/contract.js';
import type { Words } from '../i18n.js';

/** Names in a sentence; the list below it has all. */
const MAX_NAMES = 5;

export type HeardModel = NonNullable<ReturnType<typeof heardModel>>;

/** null where nobody says anything, but of one's own service while neighbours are asked. @param now ms since the epoch */
export function heardModel({ community }: Pick<Panel, 'community'>, ranked: Ranked, words: Words, now: number) {
  const { provider } = ranked;
  const experiences = community.about(provider.id);
  const isExpected = provider.self && community.status().on;
  if (experiences.length === 0 && !isExpected) return null;
  return {
    title: words.t(provider.self ? 'fare.title.own' : 'fare.title'),
    text: heardText(ranked, experiences, words),
    neighbours: experiences.map(({ ageHours, stars = null, ...experience }) => ({
      ...{ ...experience, stars, reaches: reaches({ ...experience, ageHours }) },
      lookedAt: new Date(now - ageHours * HOUR_MS).toISOString(),
    })),
  };
}

const hasReached = ({ answered }: Experience) => answered > 0;
const reaches = (experience: Experience) => hasReached(experience) && experience.mark !== 0;

/** In one sentence. */
export function heardText(ranked: Ranked, experiences: readonly Experience[], words: Words): string {
  const { provider, measuredAt, score } = ranked;
  const isUntried = measuredAt === null && !provider.self;
  const good = experiences.filter(isUntried ? hasReached : reaches);
  const bad = experiences.filter((experience) => !good.includes(experience));
  const count = experiences.length;
  const say = (key: string, of: readonly Experience[]) => words.t(key, { count, some: of.length, names: names(of) });
  if (provider.self)
    return count === 0 ? words.t('fare.own.nobody') : say(good.length > 0 ? 'fare.own' : 'fare.own.none', good);
  if (isUntried) return good.length > 0 ? say('fare.untried', good) : say('fare.untried.none', bad);
  if (score === 0) return good.length > 0 ? say('fare.alone', good) : say('fare.none', bad);
  return bad.length > good.length ? say('fare.differs', bad) : say('fare.agrees', good);
}

function names(of: readonly Experience[]): string {
  const shown = of.slice(0, MAX_NAMES).map(({ node }) => node);
  return [...shown, ...(of.length > MAX_NAMES ? ['…'] : [])].join(', ');
}

/** How the provider's node is doing, by its own word; null where it says nothing. */
export function declaredText(infrastructure: Infrastructure | null, words: Words): string | null {
  if (infrastructure === null) return null;
  const { load, memory, disk, upDays } = infrastructure;
  const share = (key: string, percent: number | null) =>
    percent === null ? [] : words.t(key, { share: words.measure(percent / 100, 'share') });
  const figures = [
    share('declared.load', load),
    share('declared.memory', memory),
    share('declared.disk', disk),
    upDays === null ? [] : words.t('declared.up', { count: upDays }),
  ].flat();
  return figures.length > 0 ? figures.join(' · ') : null;
}
