/** The checks of `doctor` in order, and those of the panel itself. */
import type { Config } from '../../config/index.js';
import { programCommand } from '../../config/install.js';
import type { SourceStatus } from '../../discovery/index.js';
import { asPanelError, type PanelError } from '../../model/errors.js';
import { openingFor } from '../../node/own-service.js';
import type { Panel } from '../../panel/contract.js';
import { commandFor, isAlone } from '../../present/empty.js';
import { hasOwner } from '../../web/auth/password.js';
import { absent, type Check, fails, failsWith, works } from './check.js';
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
export async function checks({ config, panel }: Subject): Promise<Check[]> {
  if (config instanceof Error) return [failsWith('configuration', config)];
  const configuration = [
    works('configuration', `data in ${config.dataDir}, Serf at ${config.serfRpc.host}:${config.serfRpc.port}`),
  ];
  const units = panel === null || panel instanceof Error ? [] : await ownUnits(panel);
  const ofMachine = await Promise.all([
    served(config),
    dataFolder(config.dataDir),
    ping(),
    journal(units[0]?.unit),
    avahi(config),
  ]);
  if (panel === null) return [...configuration, ...ofMachine];
  if (panel instanceof Error) return [...configuration, failsWith('opening', panel), ...ofMachine];
  await panel.discovery.ready();
  const ofNode = [own(panel), await systemd(panel, units), await ports(panel), background(panel)];
  return [
    ...configuration,
    database(panel),
    ...clock(panel),
    owner(panel),
    ...(await sources(panel, config)),
    ...(await networks(panel)),
    ...ofNode,
    ...ofMachine,
  ];
}

/** The unit that stands for each type here. */
async function ownUnits({ local }: Panel) {
  return [...(await local.states())].flatMap(([typeId, { unit, state }]) => (unit ? [{ typeId, unit, state }] : []));
}

function database({ store }: Panel): Check {
  if (store.unkept !== null) return failsWith('database', store.unkept);
  if (store.movedAside === null) return works('database', 'opened, and intact');
  return fails(
    'database',
    `it was damaged; the damaged file is now ${store.movedAside}`,
    'A new one was started; delete the old one.',
  );
}

/** Only where it is wrong. */
function clock({ time }: Panel): Check[] {
  if (time.doubted === null) return [];
  const text = `it says ${new Date(time.doubted).toISOString()}, which is over`;
  return [fails('clock', text, 'Let a time server set it: sudo apt-get install systemd-timesyncd')];
}

function owner({ store }: Panel): Check {
  if (hasOwner(store.settings)) return works('owner', 'a password is set');
  return absent('owner', 'no password yet: nobody can scan, start or stop', `Run: ${programCommand()} passwd`);
}

/** Each source of providers, and for those that answer, how much could be read. */
async function sources(panel: Panel, { demo }: Pick<Config, 'demo'>): Promise<Check[]> {
  const agent = panel.discovery.agent();
  const all = panel.discovery.sources().map(async (source) => {
    const isAgent = source.name === agent?.name;
    // Not needed for the demo, which shows itself where no agent answers.
    if (isAgent && source.error && demo !== 'off')
      return [absent(source.name, source.error.message, `The demo is shown instead. ${source.error.hint}`)];
    if (source.state !== 'up') return [reachable(source, panel)];
    return [isAgent ? await joined(source, panel) : reachable(source, panel), readable(source)];
  });
  return (await Promise.all(all)).flat();
}

/** An agent that answers is of no use while it knows no other node. */
async function joined({ name }: SourceStatus, panel: Panel): Promise<Check> {
  try {
    if (!(await isAlone(panel))) return works(name, 'answers');
    return absent(name, 'alone: it knows no other node', commandFor('alone', panel));
  } catch (error) {
    return failsWith(name, asPanelError(error));
  }
}

function reachable({ name, state, error }: SourceStatus, { discovery }: Panel): Check {
  const isLocal = discovery.sourceTypes.find(({ id }) => id === name)?.reach === 'link';
  if (state === 'up') return works(name, isLocal ? 'listening on the local network' : 'in use');
  if (error) return fails(name, error.message, error.hint);
  if (state === 'off') return absent(name, 'not here, and not needed', null);
  return absent(name, 'no answer yet', 'Run this again in a moment.');
}

function readable({ name, read, skipped }: SourceStatus): Check {
  const reasons = Object.entries(skipped).filter(([, count]) => count > 0);
  const text = `${read} announcements read`;
  if (reasons.length === 0) return works(`${name} entries`, text);
  const list = reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return absent(
    `${name} entries`,
    `${text}; skipped: ${list}`,
    'Some nodes announce what cannot be read; tell their owners.',
  );
}

function own({ discovery }: Panel): Check {
  const count = discovery.providers().filter(({ self }) => self).length;
  if (count > 0) return works('own services', `${count} announced`);
  return absent('own services', 'this node announces none', 'Nothing to do, unless it should offer a service.');
}

async function systemd({ local }: Panel, units: Awaited<ReturnType<typeof ownUnits>>): Promise<Check> {
  const problem = await local.problem();
  if (problem) {
    const { message, hint } = asPanelError(problem);
    return absent('systemd', message, hint);
  }
  const states = units.map(({ unit, state }) => `${unit} ${state}`);
  return works('systemd', states.length > 0 ? states.join(', ') : 'answers; none of the known units is installed');
}

/** Whether neighbours can reach the services that run here. A failure only where an unreachable one is announced. */
async function ports({ own, services }: Panel): Promise<Check> {
  const views = await Promise.all(services.types.map(async ({ id }) => ({ id, ...(await own.view(id)) })));
  const open = views.flatMap(({ port }) => port ?? []);
  const closed = views.flatMap(({ id, port, publication }) =>
    (port?.transports ?? [])
      .filter(({ listening }) => listening === 'loopback')
      .map(({ transport }) => ({
        text: `${id}: port ${port?.port}, ${transport.toUpperCase()} only on 127.0.0.1`,
        isAnnounced: publication?.withdrawn === null,
      })),
  );
  const name = 'own ports';
  if (closed.length === 0)
    return works(name, open.length > 0 ? 'none listens only on 127.0.0.1' : 'no own service runs on a known port');
  const text = closed.map((port) => port.text).join('; ');
  const remedies = views.flatMap((view) => openingFor(services.of(view.id), view) ?? []);
  const hint =
    remedies.map(({ label, text }) => `${label.en} ${text.replaceAll(/\s+/g, ' ')}`).join(' ') ||
    'Configure the service to listen on an address of the community.';
  return closed.some(({ isAnnounced }) => isAnnounced) ? fails(name, text, hint) : absent(name, text, hint);
}

function background({ background }: Panel): Check {
  const { on, spentToday, budget } = background.status();
  const text = `${on ? 'on' : 'off'}; ${spentToday} of ${budget} bytes used in 24 hours`;
  if (on && spentToday < budget) return works('background', text);
  const hint = on
    ? 'It resumes in some hours; or raise SCAN_BYTES_PER_DAY if your link can take it.'
    : 'To keep the ranking fresh, turn it on on the panel’s first page, or set BACKGROUND_SCAN=on.';
  return absent('background', text, hint);
}
