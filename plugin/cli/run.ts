/** Runs a command line and returns its exit code. */
import { existsSync, readFileSync } from 'node:fs';
import { type Config, loadConfig } from '../config/index.js';
import { PACKAGE_FILE } from '../config/paths.js';
import { asPanelError, PanelError } from '../model/errors.js';
import type { Panel } from '../panel/contract.js';
import type { PanelOptions } from '../panel/open.js';
import { FAILED, type Io, OK, printJson, WRONG_USAGE } from './io.js';
import { ALL_COMMANDS, type Command, help, type Invocation, parse, UsageError } from './usage.js';

/** What commands use to act. */
export interface Tools {
  openPanel(config: Config, options?: PanelOptions): Promise<Panel>;
  serve(config: Config, show: { readonly json: boolean }): Promise<void>;
}

/** Runs one command and resolves with its exit code; `signal` is the person's Ctrl-C. */
export async function run(args: readonly string[], io: Io, tools: Tools, signal: AbortSignal): Promise<number> {
  try {
    const invocation = parse(args);
    const { command } = invocation;
    if (command === 'help') io.stdout.write(help());
    else if (command === 'version' && invocation.json) printJson(io, { version: version() });
    else if (command === 'version') io.stdout.write(`${version()}\n`);
    else return await execute({ ...invocation, command }, io, tools, signal);
    return OK;
  } catch (error) {
    // The options may not have parsed: the bare word counts.
    return reportFailure(error, io, args.includes('--json'));
  }
}

function reportFailure(error: unknown, io: Io, json: boolean): number {
  if (error instanceof UsageError) {
    const { message, hint } = error;
    if (json) printJson(io, { error: { code: 'wrong-usage', message, hint } });
    else io.stderr.write(`${[...new Set([message, hint, ALL_COMMANDS])].join('\n')}\n`);
    return WRONG_USAGE;
  }
  const known = asPanelError(error);
  if (json) printJson(io, { error: known });
  else io.stderr.write(`${known.message}\n${known.hint}\n`);
  if (known.code === 'internal') io.stderr.write(`${(error as Error).stack ?? error}\n`);
  return FAILED;
}

type RunInvocation = Invocation & { readonly command: Command };

async function execute(
  { command, argument, json, config: file }: RunInvocation,
  io: Io,
  tools: Tools,
  signal: AbortSignal,
) {
  if (command === 'doctor') return examine(file, io, tools, { json });
  if (command === 'embed' || command === 'unembed')
    return (await import('./embed.js'))[command](argument, io, { json });
  const config = readConfig(file);
  if (command === 'serve') {
    await tools.serve(config, { json });
    return OK;
  }
  // A command is loaded when it runs: the daemon, which runs for months, loads none of them.
  if (command === 'passwd') {
    const { passwd } = await import('./passwd.js');
    return withPanel(tools.openPanel(config, { demo: false }), ({ store }) => passwd(store, io, { json }, signal));
  }
  const [{ listProviders, listServices, scanType }, { loadLocales }] = await Promise.all([
    import('./list.js'),
    import('../present/i18n.js'),
  ]);
  return withPanel(tools.openPanel(config), (panel) => {
    const show = { json, words: loadLocales()('en') };
    if (argument === null) return listServices(panel, io, show);
    return command === 'scan' ? scanType(panel, io, argument, show, signal) : listProviders(panel, io, argument, show);
  });
}

/** `doctor` examines the real thing: no demo, and a failure to open is one of the results. */
async function examine(file: string | null, io: Io, tools: Tools, show: { readonly json: boolean }): Promise<number> {
  const { doctor } = await import('./doctor/index.js');
  const config = await attempt(() => readConfig(file));
  if (config instanceof Error) return doctor({ config, panel: null }, io, show);
  const panel = await attempt(() => tools.openPanel(config, { demo: false }));
  if (panel instanceof Error) return doctor({ config, panel }, io, show);
  return withPanel(panel, () => doctor({ config, panel }, io, show));
}

async function attempt<T>(work: () => T | Promise<T>): Promise<T | PanelError> {
  try {
    return await work();
  } catch (error) {
    const known = asPanelError(error);
    // A doctor names the cause of an internal error.
    return known.code === 'internal' ? new PanelError('internal', String(error), known.hint, { cause: error }) : known;
  }
}

async function withPanel(opening: Panel | Promise<Panel>, work: (panel: Panel) => Promise<number>): Promise<number> {
  const panel = await opening;
  try {
    return await work(panel);
  } finally {
    await panel.close();
  }
}

/** @throws PanelError bad-config */
function readConfig(file: string | null): Config {
  if (file === null) return loadConfig();
  // The default file may be missing; a named one may not.
  if (!existsSync(file))
    throw new PanelError('bad-config', `There is no file ${file}.`, 'Correct the path after --config.');
  return loadConfig({ file });
}

function version(): string {
  return (JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as { version: string }).version;
}
