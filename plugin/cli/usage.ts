/** Parses the command line; a mistake is answered with the nearest valid command. */
import { parseArgs } from 'node:util';
import { programCommand } from '../config/install.js';
import { nearest } from '../lib/nearest.js';
import { LANGUAGES, type Language } from '../model/language.js';

export const PROGRAM = programCommand();

const COMMANDS = {
  serve: { line: 'serve', does: 'run the panel', argument: 'none' },
  list: {
    line: 'list [TYPE]',
    does: 'the services of the community, or the providers of one',
    argument: 'optional',
  },
  scan: {
    line: 'scan TYPE [ID]',
    does: 'measure all providers of a service, or one; --all: of every service',
    argument: 'two',
  },
  use: { line: 'use TYPE [ID]', does: 'how to use the best provider of a service, or that one', argument: 'two' },
  passwd: { line: 'passwd', does: 'set the owner’s password', argument: 'none' },
  embed: {
    line: 'embed [DOCROOT]',
    does: 'show the panel inside Cloudy’s own web GUI',
    argument: 'optional',
  },
  unembed: { line: 'unembed [DOCROOT]', does: 'take it out again', argument: 'optional' },
  import: {
    line: 'import FILE|-',
    does: 'make a hand-kept list of guifi.net’s CNML, or of a zone’s proxies',
    argument: 'required',
  },
  doctor: { line: 'doctor', does: 'check what works, and say what to do where something does not', argument: 'none' },
} as const;

export type Command = keyof typeof COMMANDS;

export interface Invocation {
  readonly command: Command | 'help' | 'version';
  /** What follows the command, as typed: the id of a service type, or Cloudy's document root. */
  readonly argument: string | null;
  /** The second word after the command: id or name of a provider. */
  readonly provider: string | null;
  /** Every service. */
  readonly all: boolean;
  /** The language that was asked for; null = that of the person's shell. */
  readonly language: Language | null;
  readonly json: boolean;
  /** Path of a configuration file; null = the default one. */
  readonly config: string | null;
}

export const ALL_COMMANDS = `All commands: ${PROGRAM} --help`;

/** A mistake on the command line. */
export class UsageError extends Error {
  /** The command that was probably meant, else where to see all of them. */
  readonly hint: string;

  constructor(message: string, instead: string | null, all = ALL_COMMANDS) {
    super(message);
    this.hint = instead === null ? all : `Did you mean: ${PROGRAM} ${instead}`;
  }
}

const OPTIONS = {
  config: { type: 'string' },
  json: { type: 'boolean' },
  all: { type: 'boolean' },
  lang: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** @throws UsageError */
export function parse(args: readonly string[]): Invocation {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const flags = { all: values.all === true, json: values.json === true };
  const defaults = { argument: null, provider: null, language: null, config: null, ...flags };
  for (const token of tokens) {
    if (token.kind === 'option' && !(token.name in OPTIONS)) throw unknownOption(token.rawName, positionals);
  }
  if (values.help || positionals[0] === 'help') return { ...defaults, command: 'help' };
  if (values.version) return { ...defaults, command: 'version' };
  if (values.config !== undefined && (typeof values.config !== 'string' || values.config === ''))
    throw new UsageError('--config needs the path of a file.', `${positionals.join(' ')} --config FILE`.trim());
  const language = readLanguage(values.lang, positionals);
  return { ...defaults, ...readWords(positionals, defaults.all), language, config: values.config ?? null };
}

function readLanguage(typed: unknown, positionals: readonly string[]): Language | null {
  if (typed === undefined) return null;
  const language = LANGUAGES.find((one) => one === typed);
  if (language) return language;
  throw new UsageError(`--lang needs one of ${LANGUAGES.join(', ')}.`, `${positionals.join(' ')} --lang en`.trim());
}

function readWords(
  [command, argument, ...rest]: readonly string[],
  all: boolean,
): Pick<Invocation, 'argument' | 'provider'> & { readonly command: Command } {
  if (command === undefined) throw new UsageError('Which command?', null);
  if (!isCommand(command)) throw new UsageError(`There is no command "${command}".`, nearestLine(command));
  const { line, argument: takes } = COMMANDS[command];
  if (all && (command !== 'scan' || argument !== undefined))
    throw new UsageError('--all stands for every service of scan.', 'scan --all');
  if ((takes === 'two' || takes === 'required') && argument === undefined && !all)
    throw new UsageError(`${command} needs a ${takes === 'two' ? 'service type' : 'file'}.`, line);
  const extra = { none: argument, optional: rest[0], required: rest[0], two: rest[1] }[takes];
  if (extra !== undefined) throw new UsageError(`Unexpected argument "${extra}".`, line);
  return { command, argument: argument ?? null, provider: rest[0] ?? null };
}

function unknownOption(typed: string, [command = '']: readonly string[]): UsageError {
  const option = nearest(typed.replace(/^-+/, ''), Object.keys(OPTIONS));
  return new UsageError(`There is no option ${typed}.`, option ? `${command} --${option}`.trim() : null);
}

const isCommand = (word: string): word is Command => Object.hasOwn(COMMANDS, word);
function nearestLine(word: string): string | null {
  const near = nearest(word, Object.keys(COMMANDS));
  return near === undefined ? null : COMMANDS[near as Command].line;
}

export function help(): string {
  const lines = Object.values(COMMANDS).map(({ line, does }) => `  ${line.padEnd(19)}${does}`);
  return [
    'cloudy-services: which neighbour’s service is best for me, from where I am?',
    '',
    `Usage: ${PROGRAM} COMMAND [--json] [--lang LANGUAGE] [--config FILE]`,
    '',
    ...lines,
    '',
    '  --json           results and errors as JSON on standard output',
    `  --lang LANGUAGE  ${LANGUAGES.join(', ')}; without it that of the shell (LANG)`,
    '  --config FILE    read this file instead of /etc/cloudy-services.conf',
    '  --help, --version',
    '',
    'Exit codes: 0 success, 1 failure, 2 wrong usage.',
    '',
  ].join('\n');
}
