/** What `doctor` looks at, and what it asks of the panel. */
import type { Config } from '../../config/index.js';
import { commandOf } from '../../config/install.js';
import type { SourceStatus } from '../../discovery/index.js';
import { asPanelError, type PanelError } from '../../model/errors.js';
import { openingFor } from '../../node/own-service.js';
import type { Panel } from '../../panel/contract.js';
import { hasOwner } from '../../web/auth/password.js';
import { commandFor, doorsOf, isAlone } from '../../web/pages/empty.js';
import { absent, type Check, fails, failsWith, works } from './check.js';
import { avahi, dataFolder, journal, ping } from './machine.js';
import { served } from './served.js';

/** What could be opened, or why it could not. */
export interface Patient {
  readonly config: Config | PanelError;
  /** null when there was no configuration to open it with. */
  readonly panel: Panel | PanelError | null;
}

/** All checks, in the order in which one depends on the other. */
export async function checks({ config, panel }: Patient): Promise<Check[]> {
  if (config instanceof Error) return [failsWith('configuration', config)];
  const before = [
    works('configuration', `data in ${config.dataDir}, Serf at ${config.serfRpc.host}:${config.serfRpc.port}`),
  ];
  const units = panel === null || panel instanceof Error ? [] : await unitsOf(panel);
  const asked = [served(config), dataFolder(config.dataDir), ping(), journal(units[0]?.unit), avahi(config)];
  const ofMachine = await Promise.all(asked);
  if (panel === null) return [...before, ...ofMachine];
  if (panel instanceof Error) return [...before, failsWith('opening', panel), ...ofMachine];
  await panel.discovery.ready();
  const ofNode = [own(panel), await systemd(panel, units), await ports(panel), background(panel)];
  return [...before, database(panel), owner(panel), ...(await sources(panel)), ...ofNode, ...ofMachine];
}

/** What stands for each type here. */
async function unitsOf({ local }: Panel) {
  return [...(await local.states())].flatMap(([word, { unit, state }]) => (unit ? [{ word, unit, state }] : []));
}

function database({ store }: Panel): Check {
  if (store.movedAside === null) return works('database', 'opened and whole');
  return fails(
    'database',
    `it was damaged and is kept as ${store.movedAside}`,
    'A new one was begun; delete the old one.',
  );
}

function owner({ store }: Panel): Check {
  if (hasOwner(store.settings)) return works('owner', 'a password is set');
  return absent('owner', 'no password yet: nobody can scan, start or stop', `Run: ${commandOf()} passwd`);
}

/** Each source of providers; of those that are read, how much could be. */
async function sources(panel: Panel): Promise<Check[]> {
  const agent = panel.discovery.agent();
  const all = panel.discovery.sources().map(async (source) => {
    if (source.state !== 'up') return [reachable(source)];
    return [source.name === agent?.name ? await joined(source, panel) : reachable(source), readable(source)];
  });
  return (await Promise.all(all)).flat();
}

/** An agent that answers is of no use while it knows nobody. */
async function joined({ name }: SourceStatus, panel: Panel): Promise<Check> {
  try {
    if (!(await isAlone(panel))) return works(name, 'answers');
    const address = doorsOf(panel).length === 0 ? ' ADDRESS' : '';
    return absent(name, 'alone: it knows no other node', `${commandFor('alone', panel)}${address}`);
  } catch (error) {
    return failsWith(name, asPanelError(error));
  }
}

function reachable({ name, state, error }: SourceStatus): Check {
  if (state === 'up') return works(name, 'answers');
  if (error) return fails(name, error.message, error.hint);
  return absent(
    name,
    state === 'off' ? 'switched off or not configured' : 'no answer yet',
    'Run this again in a moment.',
  );
}

function readable({ name, read, skipped }: SourceStatus): Check {
  const reasons = Object.entries(skipped).filter(([, count]) => count > 0);
  const text = `${read} announcements read`;
  if (reasons.length === 0) return works(`${name} entries`, text);
  const list = reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return absent(
    `${name} entries`,
    `${text}; skipped: ${list}`,
    'Their nodes announce what cannot be read; tell their owners.',
  );
}

function own({ discovery }: Panel): Check {
  const count = discovery.providers().filter(({ self }) => self).length;
  if (count > 0) return works('own services', `${count} announced`);
  return absent('own services', 'this node announces none', 'Nothing to do, unless it should offer something.');
}

async function systemd({ local }: Panel, units: Awaited<ReturnType<typeof unitsOf>>): Promise<Check> {
  const problem = await local.problem();
  if (problem) {
    const { message, hint } = asPanelError(problem);
    return absent('systemd', message, hint);
  }
  const states = units.map(({ unit, state }) => `${unit} ${state}`);
  return works('systemd', states.length > 0 ? states.join(', ') : 'answers; no known unit is installed');
}

/** Whether neighbours can reach what runs here. To announce what they cannot is a failure; to keep it to oneself is not. */
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
    return works(name, open.length > 0 ? 'none is kept to 127.0.0.1' : 'no own service runs on a known port');
  const text = closed.map((one) => one.text).join('; ');
  const cures = views.flatMap((view) => openingFor(services.of(view.id), view) ?? []);
  const hint =
    cures.map(({ label, text }) => `${label.en} ${text.replaceAll(/\s+/g, ' ')}`).join(' ') ||
    'Have the service listen on an address of the community, in its own configuration.';
  return closed.some(({ isAnnounced }) => isAnnounced) ? fails(name, text, hint) : absent(name, text, hint);
}

function background({ background }: Panel): Check {
  const { on, spentToday, budget } = background.status();
  const text = `${on ? 'on' : 'off'}; ${spentToday} of ${budget} bytes spent in 24 hours`;
  if (on && spentToday < budget) return works('background', text);
  const hint = on
    ? 'It goes on in some hours; or raise SCAN_BYTES_PER_DAY if your link can bear it.'
    : 'Turn it on at the panel’s first page, or set BACKGROUND_SCAN=on, if the ranking should keep itself fresh.';
  return absent('background', text, hint);
}
