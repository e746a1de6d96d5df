/** The command line read word by word; a mistake is answered with the nearest right command. */
import { parseArgs } from 'node:util';
import { nearest } from '../nearest.js';

export const PROGRAM = 'cloudy-services';

export const COMMANDS = {
  serve: { line: 'serve', does: 'run the panel', type: 'none', json: false },
  list: {
    line: 'list [TYPE]',
    does: 'the services of the community, or the providers of one',
    type: 'optional',
    json: true,
  },
  scan: { line: 'scan TYPE', does: 'measure all providers of a service, then rank them', type: 'required', json: true },
  passwd: { line: 'passwd', does: 'set the owner’s password', type: 'none', json: false },
  doctor: { line: 'doctor', does: 'what works, what does not, what to do', type: 'none', json: true },
} as const;

export type Command = keyof typeof COMMANDS;

export interface Invocation {
  readonly command: Command | 'help' | 'version';
  /** Wire word of a service type, as written. */
  readonly type: string | null;
  readonly json: boolean;
  /** Path of a configuration file; null = the standard one. */
  readonly config: string | null;
}

/** A mistake on the command line. */
export class UsageError extends Error {
  /** The command that was probably meant. */
  readonly instead: string;

  constructor(message: string, instead: string) {
    super(message);
    this.instead = `${PROGRAM} ${instead}`;
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
  const of = { type: null, json: values.json === true, config: null };
  for (const token of tokens) {
    if (token.kind === 'option' && !(token.name in OPTIONS)) throw unknownOption(token.rawName, positionals);
  }
  if (values.help) return { ...of, command: 'help' };
  if (values.version) return { ...of, command: 'version' };
  if (values.config !== undefined && (typeof values.config !== 'string' || values.config === ''))
    throw new UsageError('--config needs the path of a file.', `${positionals.join(' ')} --config FILE`.trim());
  const { command, type } = wordsOf(positionals);
  if (of.json && !COMMANDS[command].json) throw new UsageError(`${command} has no --json.`, COMMANDS[command].line);
  return { ...of, command, type, config: values.config ?? null };
}

function wordsOf([word, type, ...rest]: readonly string[]): { command: Command; type: string | null } {
  if (word === undefined) throw new UsageError('Which command?', '--help');
  if (!isCommand(word)) throw new UsageError(`There is no command "${word}".`, nearestLine(word));
  const { line, type: wants } = COMMANDS[word];
  if (wants === 'required' && type === undefined) throw new UsageError(`${word} needs a service type.`, line);
  const extra = wants === 'none' ? type : rest[0];
  if (extra !== undefined) throw new UsageError(`"${extra}" is one word too many.`, line);
  return { command: word, type: type ?? null };
}

function unknownOption(written: string, [word = '']: readonly string[]): UsageError {
  const option = nearest(written.replace(/^-+/, ''), Object.keys(OPTIONS));
  return new UsageError(`There is no option ${written}.`, `${word} --${option}`.trim());
}

const isCommand = (word: string): word is Command => Object.hasOwn(COMMANDS, word);
const nearestLine = (word: string) => COMMANDS[nearest(word, Object.keys(COMMANDS)) as Command].line;

export function help(): string {
  const lines = Object.values(COMMANDS).map(({ line, does }) => `  ${line.padEnd(14)}${does}`);
  return [
    `${PROGRAM}: which neighbour’s service is best for me, from where I am?`,
    '',
    `Usage: ${PROGRAM} COMMAND [--json] [--config FILE]`,
    '',
    ...lines,
    '',
    '  --json         list, scan and doctor: as JSON, on standard output',
    '  --config FILE  read this file instead of /etc/cloudy-services.conf',
    '  --help, --version',
    '',
    'Ends with 0 when all went well, 1 when something failed, 2 when the command was wrong.',
    '',
  ].join('\n');
}
