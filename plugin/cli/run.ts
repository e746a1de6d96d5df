/** Runs a command line and returns its exit code. */
import { existsSync, readFileSync } from 'node:fs';
import { type Config, loadConfig } from '../config/index.js';
import { PACKAGE_FILE } from '../config/paths.js';
import { asPanelError, PanelError } from '../model/errors.js';
import { LANGUAGES, type Language } from '../model/language.js';
import type { Panel } from '../panel/contract.js';
import type { PanelOptions } from '../panel/open.js';
import type { Words } from '../present/i18n.js';
import { FAILED, type Io, OK, printJson, SpokenError, WRONG_USAGE } from './io.js';
import type { Show } from './list.js';
import { allCommands, type Command, help, type Invocation, parse, UsageError } from './usage.js';

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
    if (command === 'help')
      io.stdout.write(help(await wordsOf(shellLanguage(io, invocation.language ?? typedLanguage(args)))));
    else if (command === 'version' && invocation.json) printJson(io, { version: version() });
    else if (command === 'version') io.stdout.write(`${version()}\n`);
    else return await execute({ ...invocation, command }, io, tools, signal);
    return OK;
  } catch (error) {
    return reportFailure(error, io, args.includes('--json'), shellLanguage(io, typedLanguage(args)));
  }
}

/** The options may not have parsed: the bare words count. */
function typedLanguage(args: readonly string[]): Language | null {
  const at = args.indexOf('--lang');
  return (at >= 0 && LANGUAGES.find((language) => args[at + 1] === language)) || null;
}

async function reportFailure(error: unknown, io: Io, json: boolean, language: Language): Promise<number> {
  if (error instanceof UsageError) {
    const words = await wordsOf(language);
    const { message, hint } = error.spoken(words);
    if (json) printJson(io, { error: { code: 'wrong-usage', message, hint } });
    else io.stderr.write(`${[...new Set([message, hint, allCommands(words)])].join('\n')}\n`);
    return WRONG_USAGE;
  }
  const known = asPanelError(error);
  const isSpoken = language === 'en' || known instanceof SpokenError;
  const spoken = isSpoken ? known.toJSON() : await spokenBy(known, language);
  if (json) printJson(io, { error: spoken });
  else io.stderr.write(`${spoken.message}\n${spoken.hint}\n`);
  if (known.code === 'internal') io.stderr.write(`${(error as Error).stack ?? error}\n`);
  return FAILED;
}

async function spokenBy(error: PanelError, language: Language) {
  const { spokenError } = await import('../present/everywhere/error.js');
  return spokenError(error, await wordsOf(language));
}

type RunInvocation = Invocation & { readonly command: Command };

async function execute(
  { command, argument, provider, all, language, json, as, config: file }: RunInvocation,
  io: Io,
  tools: Tools,
  signal: AbortSignal,
) {
  const show = async () => ({ json, words: await wordsOf(shellLanguage(io, language)) });
  if (command === 'doctor') return examine(file, io, tools, await show());
  if (command === 'embed' || command === 'unembed')
    return (await import('./embed.js'))[command](argument, io, { json });
  if (command === 'import') {
    const [{ importList }, { loadServices }] = await Promise.all([
      import('./import/index.js'),
      import('../services/index.js'),
    ]);
    return importList(argument as string, io, await loadServices(), { json });
  }
  const config = readConfig(file);
  if (command === 'serve') {
    await tools.serve(as === null ? config : { ...config, demo: as }, { json });
    return OK;
  }
  // A command is loaded when it runs: the daemon, which runs for months, loads none of them.
  if (command === 'passwd') {
    const { passwd } = await import('./passwd.js');
    const shown = await show();
    return withPanel(tools.openPanel(config, { demo: false }), ({ store }) => passwd(store, io, shown, signal));
  }
  const shown = await show();
  return withPanel(tools.openPanel(config), (panel) =>
    answer(panel, { command, argument, provider, all }, io, shown, signal),
  );
}

/** The commands that tell of the community. */
async function answer(
  panel: Panel,
  { command, argument, provider, all }: Pick<RunInvocation, 'command' | 'argument' | 'provider' | 'all'>,
  io: Io,
  show: Show,
  signal: AbortSignal,
): Promise<number> {
  if (command === 'scan' && all) return (await import('./scan.js')).scanAll(panel, io, show, signal);
  const { listProviders, listServices } = await import('./list.js');
  if (argument === null) return listServices(panel, io, show);
  if (command === 'scan') return (await import('./scan.js')).scanType(panel, io, argument, show, signal, provider);
  if (command === 'use') return (await import('./use.js')).useProvider(panel, io, argument, show, provider);
  return listProviders(panel, io, argument, show);
}

/** What was asked for; else the shell's language, in the order in which programs read it (locale(7)); else English. */
function shellLanguage({ env = {} }: Io, asked: Language | null): Language {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
  return asked ?? LANGUAGES.find((language) => locale.toLowerCase().startsWith(language)) ?? 'en';
}

async function wordsOf(language: Language): Promise<Words> {
  const { loadLocales } = await import('../present/i18n.js');
  return loadLocales()(language);
}

/** `doctor` examines the real thing: no demo, and a failure to open is one of the results. */
async function examine(file: string | null, io: Io, tools: Tools, show: Show): Promise<number> {
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
