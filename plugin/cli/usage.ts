/** Parses the command line; a mistake is answered with the nearest valid command, in the person's language. */
import { parseArgs } from 'node:util';
import { DEMO_NAMES, type DemoName } from '../config/index.js';
import { programCommand } from '../config/install.js';
import { nearest } from '../lib/nearest.js';
import { LANGUAGES, type Language } from '../model/language.js';
import type { Params, Words } from '../present/i18n.js';

export const PROGRAM = programCommand();

const COMMANDS = {
  serve: { line: 'serve', argument: 'none' },
  list: {
    line: 'list [TYPE]',
    argument: 'optional',
  },
  scan: {
    line: 'scan TYPE [ID]',
    argument: 'two',
  },
  use: { line: 'use TYPE [ID]', argument: 'two' },
  passwd: { line: 'passwd', argument: 'none' },
  embed: {
    line: 'embed [DOCROOT]',
    argument: 'optional',
  },
  unembed: { line: 'unembed [DOCROOT]', argument: 'optional' },
  import: {
    line: 'import FILE|-',
    argument: 'required',
  },
  doctor: { line: 'doctor', argument: 'none' },
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
  /** The network that the demo is to look like; null = as the configuration says. */
  readonly as: DemoName | null;
  /** Path of a configuration file; null = the default one. */
  readonly config: string | null;
}

/** Where to see all that there is of something: the text's key, and the command line without the program's name. */
interface All {
  readonly key: string;
  readonly line: string;
}

const ALL_COMMANDS: All = { key: 'usage.commands', line: '--help' };

const lineOf = ({ t }: Words, { key, line }: All) => t(key, { line: `${PROGRAM} ${line}` });

export const allCommands = (words: Words): string => lineOf(words, ALL_COMMANDS);

/** A mistake on the command line. */
export class UsageError extends Error {
  /** The line that was probably meant, without the program's name; null = none. */
  readonly instead: string | null;
  readonly #params: Params;
  readonly #all: All;

  /** @param key of the text that says what is wrong */
  constructor(key: string, params: Params, instead: string | null, all: All = ALL_COMMANDS) {
    super(key);
    this.#params = params;
    this.instead = instead;
    this.#all = all;
  }

  /** What is wrong; and the command that was probably meant, else where to see all of them. */
  spoken(words: Words): { readonly message: string; readonly hint: string } {
    const meant = this.instead === null ? this.#all : { key: 'usage.meant', line: this.instead };
    return { message: words.t(this.message, this.#params), hint: lineOf(words, meant) };
  }
}

const OPTIONS = {
  config: { type: 'string' },
  json: { type: 'boolean' },
  all: { type: 'boolean' },
  lang: { type: 'string' },
  as: { type: 'string' },
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
  const defaults = { argument: null, provider: null, language: null, as: null, config: null, ...flags };
  for (const token of tokens) {
    if (token.kind === 'option' && !(token.name in OPTIONS)) throw unknownOption(token.rawName, positionals);
  }
  if (values.help || positionals[0] === 'help') return { ...defaults, command: 'help' };
  if (values.version) return { ...defaults, command: 'version' };
  if (values.config !== undefined && (typeof values.config !== 'string' || values.config === ''))
    throw new UsageError('usage.config', {}, `${positionals.join(' ')} --config FILE`.trim());
  const language = readLanguage(values.lang, positionals);
  const words = readWords(positionals, defaults.all);
  const as = readName(values.as, words.command);
  return { ...defaults, ...words, language, as, config: values.config ?? null };
}

function readName(typed: unknown, command: Command): DemoName | null {
  if (typed === undefined) return null;
  const name = DEMO_NAMES.find((one) => one === typed);
  if (name && command === 'serve') return name;
  throw new UsageError('usage.as', { names: DEMO_NAMES.join(', ') }, `serve --as=${name ?? DEMO_NAMES[0]}`);
}

function readLanguage(typed: unknown, positionals: readonly string[]): Language | null {
  if (typed === undefined) return null;
  const language = LANGUAGES.find((one) => one === typed);
  if (language) return language;
  throw new UsageError('usage.lang', { languages: LANGUAGES.join(', ') }, `${positionals.join(' ')} --lang en`.trim());
}

function readWords(
  [command, argument, ...rest]: readonly string[],
  all: boolean,
): Pick<Invocation, 'argument' | 'provider'> & { readonly command: Command } {
  if (command === undefined) throw new UsageError('usage.which', {}, null);
  if (!isCommand(command)) throw new UsageError('usage.command', { word: command }, nearestLine(command));
  const { line, argument: takes } = COMMANDS[command];
  if (all && (command !== 'scan' || argument !== undefined)) throw new UsageError('usage.all', {}, 'scan --all');
  if ((takes === 'two' || takes === 'required') && argument === undefined && !all)
    throw new UsageError(takes === 'two' ? 'usage.needs-type' : 'usage.needs-file', { command }, line);
  const extra = { none: argument, optional: rest[0], required: rest[0], two: rest[1] }[takes];
  if (extra !== undefined) throw new UsageError('usage.extra', { word: extra }, line);
  return { command, argument: argument ?? null, provider: rest[0] ?? null };
}

function unknownOption(typed: string, [command = '']: readonly string[]): UsageError {
  const word = typed.replace(/^-+/, '');
  // A single letter is near to every short name.
  const option = word.length > 1 ? nearest(word, Object.keys(OPTIONS)) : undefined;
  return new UsageError('usage.option', { word: typed }, option ? `${command} --${option}`.trim() : null);
}

const isCommand = (word: string): word is Command => Object.hasOwn(COMMANDS, word);
function nearestLine(word: string): string | null {
  const near = nearest(word, Object.keys(COMMANDS));
  return near === undefined ? null : COMMANDS[near as Command].line;
}

export function help({ t }: Words): string {
  const lines = Object.entries(COMMANDS).map(([name, { line }]) => `  ${line.padEnd(19)}${t(`usage.does.${name}`)}`);
  return [
    t('usage.title'),
    '',
    t('usage.line', { line: `${PROGRAM} COMMAND [--json] [--lang LANGUAGE] [--config FILE]` }),
    '',
    ...lines,
    '',
    `  --json           ${t('usage.json')}`,
    `  --lang LANGUAGE  ${t('usage.language', { languages: LANGUAGES.join(', ') })}`,
    `  --as NAME        ${t('usage.demo', { names: DEMO_NAMES.join(', ') })}`,
    `  --config FILE    ${t('usage.file')}`,
    '  --help, --version',
    '',
    t('usage.exits'),
    '',
  ].join('\n');
}
