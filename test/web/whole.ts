/** The web room on a whole panel: real rooms, a database on disk, the demo's neighbours, systemd played by a stand-in. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import Fastify, { type FastifyInstance } from 'fastify';
import { type Config, loadConfig } from '../../plugin/config/index.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import { hold, prepare } from '../../plugin/store/sqlite.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { Tokens } from '../../plugin/web/auth/tokens.js';
import { OWN_APP, registerWeb, type WebOptions } from '../../plugin/web/index.js';
import type { ROUTES } from '../../plugin/web/routes.js';
import { StandIn } from '../node/stand-in.js';
import { PASSWORD, sharedTexts } from './app.js';

export type Route = (typeof ROUTES)[number];

/** The unit that runs for the type that the attempts are made on. */
export const UNIT = 'unbound.service';

/** What comes and goes by itself, and is nobody's deed: when a session was last used, and how long the panel has run. */
const PASSING: ReadonlySet<string> = new Set(['sessions', 'own']);

export interface Whole {
  readonly app: FastifyInstance;
  readonly panel: Panel;
  readonly systemctl: StandIn;
  /** A real provider's id. */
  readonly provider: string;
  /** A job that has ended. */
  readonly job: string;
  /** The clock of the web room, ms since the epoch: set it. */
  now: number;
  /** What was given to `journalctl`, one call a line. */
  logsRead(): string;
  /** Everything that a deed would change, as one text: the whole store, the jobs that run, what systemd was asked to do. */
  state(): string;
  /** The route's address, about what really exists. */
  addressOf(route: Pick<Route, 'path'>): string;
  close(): Promise<void>;
}

/** @param config over a panel that is reached as `node.example` */
export async function startWhole({ config, web }: { config?: Partial<Config>; web?: WebOptions } = {}): Promise<Whole> {
  const folder = mkdtempSync(join(tmpdir(), 'whole-'));
  const systemctl = new StandIn();
  systemctl.unit(UNIT, 'active');
  const asked = join(folder, 'journalctl');
  systemctl.program('journalctl', `printf '%s|' "$@" >> ${asked}; echo >> ${asked}; echo 'a line of the log'`);
  const settings = {
    ...loadConfig({ env: {}, file: '' }),
    language: 'en',
    hosts: ['node.example'],
    ...config,
  } as const;
  const panel = await createPanel({ ...settings, dataDir: folder }, { demo: true, serving: true });
  await setOwnerPassword(panel.store.settings, PASSWORD);
  await panel.discovery.ready();
  const app = Fastify(OWN_APP);
  await app.register((scope) => registerWeb(scope, panel, { now: () => whole.now, texts: sharedTexts(), ...web }));
  const database = hold(new Database(join(folder, 'cloudy-services.sqlite'), { readonly: true }));
  const store = storeReader(database);
  const provider = panel.discovery.providers('dnsservice')[0]?.id ?? '';
  const tokens = new Tokens(panel.store.settings, () => whole.now);
  const whole: Whole = {
    ...{ app, panel, systemctl, provider },
    job: (await panel.jobs.ended(panel.scan('dnsservice', provider).id)).id,
    now: Date.now(),
    logsRead: () => (existsSync(asked) ? readFileSync(asked, 'utf8') : ''),
    state: () =>
      JSON.stringify({
        store: store(),
        running: panel.jobs.running(),
        background: panel.background.status().on,
        acted: systemctl.calls().filter((call) => !call.includes('show')),
        logs: whole.logsRead(),
      }),
    addressOf: ({ path }) =>
      path
        .replace(':type', 'dnsservice')
        .replace('jobs/:id', `jobs/${whole.job}`)
        .replace('tokens/:id', () => `tokens/${tokens.list().at(-1)?.id ?? 'none'}`)
        .replace(':id', provider)
        .replace(':name', 'proxy.pac'),
    close: async () => {
      await app.close();
      await panel.close();
      database.close();
      systemctl.remove();
      rmSync(folder, { recursive: true });
    },
  };
  return whole;
}

/** The tables as text, read again only once another connection has written (https://sqlite.org/pragma.html#pragma_data_version). */
function storeReader(database: Database.Database): () => string {
  const tables = readTables(database);
  const version = prepare<[], number>(database, 'PRAGMA data_version').pluck();
  let known: unknown = null;
  let text = '';
  return () => {
    const current = version.get();
    if (current !== known) text = JSON.stringify(tables.map(({ name, rows }) => [name, rows.all()]));
    known = current;
    return text;
  };
}

function readTables(database: Database.Database) {
  const named = prepare<[], string>(database, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  const names = named.pluck().all() as string[];
  return names
    .filter((name) => !PASSING.has(name) && !name.startsWith('sqlite_'))
    .map((name) => ({ name, rows: prepare<[]>(database, `SELECT * FROM ${name}`) }));
}
