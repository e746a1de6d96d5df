/** Parses the command line; a mistake is answered with the nearest valid command. */
import { parseArgs } from 'node:util';
import { programCommand } from '../config/install.js';
import { nearest } from '../lib/nearest.js';

export const PROGRAM = programCommand();

const COMMANDS = {
  serve: { line: 'serve', does: 'run the panel', argument: 'none' },
  list: {
    line: 'list [TYPE]',
    does: 'the services of the community, or the providers of one',
    argument: 'optional',
  },
  scan: { line: 'scan TYPE', does: 'measure all providers of a service, then rank them', argument: 'required' },
  passwd: { line: 'passwd', does: 'set the owner’s password', argument: 'none' },
  embed: {
    line: 'embed [DOCROOT]',
    does: 'show the panel inside Cloudy’s own web GUI',
    argument: 'optional',
  },
  unembed: { line: 'unembed [DOCROOT]', does: 'take it out again', argument: 'optional' },
  doctor: { line: 'doctor', does: 'check what works, and say what to do where something does not', argument: 'none' },
} as const;

export type Command = keyof typeof COMMANDS;

export interface Invocation {
  readonly command: Command | 'help' | 'version';
  /** What follows the command, as typed: the id of a service type, or Cloudy's document root. */
  readonly argument: string | null;
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
  const defaults = { argument: null, json: values.json === true, config: null };
  for (const token of tokens) {
    if (token.kind === 'option' && !(token.name in OPTIONS)) throw unknownOption(token.rawName, positionals);
  }
  if (values.help || positionals[0] === 'help') return { ...defaults, command: 'help' };
  if (values.version) return { ...defaults, command: 'version' };
  if (values.config !== undefined && (typeof values.config !== 'string' || values.config === ''))
    throw new UsageError('--config needs the path of a file.', `${positionals.join(' ')} --config FILE`.trim());
  const { command, argument } = readWords(positionals);
  return { ...defaults, command, argument, config: values.config ?? null };
}

function readWords([command, argument, ...rest]: readonly string[]): { command: Command; argument: string | null } {
  if (command === undefined) throw new UsageError('Which command?', null);
  if (!isCommand(command)) throw new UsageError(`There is no command "${command}".`, nearestLine(command));
  const { line, argument: takes } = COMMANDS[command];
  if (takes === 'required' && argument === undefined) throw new UsageError(`${command} needs a service type.`, line);
  const extra = takes === 'none' ? argument : rest[0];
  if (extra !== undefined) throw new UsageError(`Unexpected argument "${extra}".`, line);
  return { command, argument: argument ?? null };
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
    `Usage: ${PROGRAM} COMMAND [--json] [--config FILE]`,
    '',
    ...lines,
    '',
    '  --json         results and errors as JSON on standard output',
    '  --config FILE  read this file instead of /etc/cloudy-services.conf',
    '  --help, --version',
    '',
    'Exit codes: 0 success, 1 failure, 2 wrong usage.',
    '',
  ].join('\n');
}
