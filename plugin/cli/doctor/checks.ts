/** The checks of `doctor` in order, and those of the panel itself. */
import type { Config } from '../../config/index.js';
import { programCommand } from '../../config/install.js';
import type { SourceStatus } from '../../discovery/index.js';
import { asPanelError, type PanelError } from '../../model/errors.js';
import { openingFor } from '../../node/own-service.js';
import type { Panel } from '../../panel/contract.js';
import { commandFor, isAlone } from '../../present/empty.js';
import { spokenError } from '../../present/everywhere/error.js';
import type { Words } from '../../present/i18n.js';
import { hasOwner } from '../../web/auth/password.js';
import { absent, absentWith, type Check, fails, failsWith, works } from './check.js';
import { avahi, dataFolder, journal, ping } from './machine.js';
import { networks } from './networks.js';
import { served } from './served.js';

/** What could be opened, or why not. */
export interface Subject {
  readonly config: Config | PanelError;
  /** null where there was no configuration to open it with. */
  readonly panel: Panel | PanelError | null;
}

/** All checks; each depends only on those before it. */
export async function checks({ config, panel }: Subject, words: Words): Promise<Check[]> {
  const { t } = words;
  if (config instanceof Error) return [failsWith('configuration', config, words)];
  const { serfRpc } = config;
  const configuration = [
    works(
      'configuration',
      t('doctor.configuration', { folder: config.dataDir, serf: `${serfRpc.host}:${serfRpc.port}` }),
    ),
  ];
  const units = panel === null || panel instanceof Error ? [] : await ownUnits(panel);
  const ofMachine = await Promise.all([
    served(config, words),
    dataFolder(config.dataDir, words),
    ping(words),
    journal(units[0]?.unit, words),
    avahi(config, words),
  ]);
  if (panel === null) return [...configuration, ...ofMachine];
  if (panel instanceof Error) return [...configuration, failsWith('opening', panel, words), ...ofMachine];
  await panel.discovery.ready();
  const ofNode = [
    own(panel, words),
    await systemd(panel, units, words),
    await ports(panel, words),
    background(panel, words),
  ];
  return [
    ...configuration,
    database(panel, words),
    ...clock(panel, words),
    owner(panel, words),
    ...(await sources(panel, config, words)),
    ...(await networks(panel, words)),
    ...(await routing(panel, config, words)),
    ...ofNode,
    ...ofMachine,
  ];
}

/** The unit that stands for each type here. */
async function ownUnits({ local }: Panel) {
  return [...(await local.states())].flatMap(([typeId, { unit, state }]) => (unit ? [{ typeId, unit, state }] : []));
}

function database({ store }: Panel, words: Words): Check {
  const { t } = words;
  if (store.unkept !== null) return failsWith('database', store.unkept, words);
  if (store.movedAside === null) return works('database', t('doctor.database'));
  return fails('database', t('doctor.damaged', { file: store.movedAside }), t('doctor.damaged.todo'));
}

/** Only where it is wrong. */
function clock({ time }: Panel, { t, date }: Words): Check[] {
  if (time.doubted === null) return [];
  const text = t('doctor.clock', { time: date(time.doubted) });
  return [fails('clock', text, `${t('doctor.clock.todo')} sudo apt-get install systemd-timesyncd`)];
}

function owner({ store }: Panel, { t }: Words): Check {
  if (hasOwner(store.settings)) return works('owner', t('doctor.owner'));
  return absent('owner', t('doctor.no-owner'), t('doctor.run', { line: `${programCommand()} passwd` }));
}

/** Each source of providers, and for those that answer, how much could be read. */
async function sources(panel: Panel, { demo }: Pick<Config, 'demo'>, words: Words): Promise<Check[]> {
  const agent = panel.discovery.agent();
  const all = panel.discovery.sources().map(async (source) => {
    const isAgent = source.name === agent?.name;
    // Not needed for the demo, which shows itself where no agent answers.
    if (isAgent && source.error && demo !== 'off') {
      const { message, hint } = spokenError(source.error, words);
      return [absent(source.name, message, `${words.t('doctor.demo')} ${hint}`)];
    }
    if (source.state !== 'up') return [reachable(source, panel, words)];
    const state = isAgent ? await joined(source, panel, words) : reachable(source, panel, words);
    return [state, readable(source, words)];
  });
  return (await Promise.all(all)).flat();
}

/** Whether the routing daemon can be read, where there is one: a failure only where the owner named it. */
async function routing({ routing }: Panel, { routing: setting }: Pick<Config, 'routing'>, words: Words) {
  const name = 'routing';
  const { place, routes, error } = await routing.once();
  if (error) return [setting === 'auto' ? absentWith(name, error, words) : failsWith(name, error, words)];
  return place === null ? [] : [works(name, words.t('doctor.routing', { place, count: routes }))];
}

/** An agent that answers is of no use while it knows no other node. */
async function joined({ name }: SourceStatus, panel: Panel, words: Words): Promise<Check> {
  try {
    if (!(await isAlone(panel))) return works(name, words.t('doctor.answers'));
    return absent(name, words.t('doctor.alone'), commandFor('alone', panel));
  } catch (error) {
    return failsWith(name, asPanelError(error), words);
  }
}

function reachable({ name, state, error }: SourceStatus, { discovery }: Panel, words: Words): Check {
  const { t } = words;
  const isLocal = discovery.sourceTypes.find(({ id }) => id === name)?.reach === 'link';
  if (state === 'up') return works(name, t(isLocal ? 'doctor.listening' : 'doctor.in-use'));
  if (error) return failsWith(name, error, words);
  if (state === 'off') return absent(name, t('doctor.off'), null);
  return absent(name, t('doctor.no-answer'), t('doctor.again'));
}

function readable({ name, read, skipped }: SourceStatus, { t }: Words): Check {
  const reasons = Object.entries(skipped).filter(([, count]) => count > 0);
  const text = t('doctor.read', { count: read });
  if (reasons.length === 0) return works(`${name} entries`, text);
  const list = reasons.map(([reason, count]) => `${count} ${t(`skipped.${reason}`)}`).join(', ');
  return absent(`${name} entries`, `${text}; ${t('doctor.skipped', { list })}`, t('doctor.skipped.todo'));
}

function own({ discovery }: Panel, { t }: Words): Check {
  const count = discovery.providers().filter(({ self }) => self).length;
  if (count > 0) return works('own services', t('health.announced', { count }));
  return absent('own services', t('doctor.own'), t('doctor.own.todo'));
}

async function systemd({ local }: Panel, units: Awaited<ReturnType<typeof ownUnits>>, words: Words): Promise<Check> {
  const problem = await local.problem();
  if (problem) return absentWith('systemd', asPanelError(problem), words);
  const states = units.map(({ unit, state }) => `${unit} ${words.t(`state.${state}`)}`);
  return works('systemd', states.length > 0 ? states.join(', ') : words.t('doctor.no-units'));
}

/** Whether neighbours can reach the services that run here. A failure only where an unreachable one is announced. */
async function ports({ own, services }: Panel, { t, language }: Words): Promise<Check> {
  const views = await Promise.all(services.types.map(async ({ id }) => ({ id, ...(await own.view(id)) })));
  const open = views.flatMap(({ port }) => port ?? []);
  const closed = views.flatMap(({ id, port, publication }) =>
    (port?.transports ?? [])
      .filter(({ listening }) => listening === 'loopback')
      .map(({ transport }) => ({
        text: t('doctor.closed', { type: id, port: String(port?.port), transport: transport.toUpperCase() }),
        isAnnounced: publication?.withdrawn === null,
      })),
  );
  const name = 'own ports';
  if (closed.length === 0) return works(name, t(open.length > 0 ? 'doctor.open' : 'doctor.no-ports'));
  const text = closed.map((port) => port.text).join('; ');
  const remedies = views.flatMap((view) => openingFor(services.of(view.id), view) ?? []);
  const hint =
    remedies.map(({ label, text }) => `${label[language]} ${text.replaceAll(/\s+/g, ' ')}`).join(' ') ||
    t('doctor.closed.todo');
  return closed.some(({ isAnnounced }) => isAnnounced) ? fails(name, text, hint) : absent(name, text, hint);
}

function background({ background }: Panel, words: Words): Check {
  const { t } = words;
  const { on, spentToday, budget } = background.status();
  const spent = t('background.spent', { spent: words.bytes(spentToday), budget: words.bytes(budget) });
  const text = `${t(on ? 'doctor.on' : 'doctor.turned-off')}; ${spent}`;
  if (on && spentToday < budget) return works('background', text);
  return absent('background', text, t(on ? 'doctor.spent.todo' : 'doctor.turned-off.todo'));
}
