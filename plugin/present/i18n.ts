/** The languages of the panel: the texts of the pages, and numbers, dates and plurals as each language writes them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programCommand } from '../config/install.js';
import { LOCALES_DIR } from '../config/paths.js';
import type { Discovery } from '../discovery/index.js';
import { MINUTE_MS } from '../lib/time.js';
import { LANGUAGES, type Language } from '../model/language.js';

/**
 * `count` chooses the plural (`key.one`, `key.other`); numbers are formatted for the language. `command`, how this program
 * is called, is filled in where it is missing.
 */
export type Params = Readonly<Record<string, string | number>>;

/** The texts and formats of one language. */
export interface Words {
  readonly language: Language;
  /** @throws Error for an unknown key: a mistake of ours */
  t(key: string, params?: Params): string;
  has(key: string): boolean;
  number(value: number, digits?: number): string;
  /** A measured value in its metric's unit: milliseconds, hours, or a share of 0..1 as a percentage. */
  measure(value: number, unit: string | null): string;
  /** Bytes, as kB or MB. */
  bytes(count: number): string;
  /** A moment (ms since the epoch) as date and time. */
  date(at: number): string;
  /** A day (ms since the epoch, any time of that day in UTC), as a date. */
  day(at: number): string;
  /** A moment, short: the day and month with the time; the day alone (of UTC); the time alone. */
  moment(at: number): string;
  shortDay(at: number): string;
  clock(at: number): string;
  /** "3 minutes ago"; a moment still to come counts as now. */
  ago(at: number, now: number): string;
  /** "in 3 minutes"; a moment gone by counts as now. */
  until(at: number, now: number): string;
}

type Texts = Readonly<Record<string, string>>;
type MoreTexts = Readonly<Record<string, Readonly<Record<Language, string>>>>;

/** What a source says of itself, by key: `source.ID`, and `source.ID.remedy` where it has one. */
export function sourceTexts(sources: Discovery['sourceTypes']): MoreTexts {
  const texts = sources.flatMap(({ id, title, remedy }) => [
    [`source.${id}`, title] as const,
    ...(remedy ? [[`source.${id}.remedy`, remedy] as const] : []),
  ]);
  return Object.fromEntries(texts);
}

/**
 * Reads all languages and checks that they say the same things.
 * @param more texts that are kept elsewhere, by key
 * @throws Error naming the keys that one language lacks, or whose `{parameters}` differ.
 */
export function loadLocales(folder: string = LOCALES_DIR, more: MoreTexts = {}): (language: Language) => Words {
  const texts = LANGUAGES.map((language) => {
    const read = JSON.parse(readFileSync(join(folder, `${language}.json`), 'utf8')) as Texts;
    const further = Object.entries(more).map(([key, texts]) => [key, texts[language]]);
    return [language, { ...read, ...Object.fromEntries(further) } as Texts] as const;
  });
  const problems = texts.flatMap(([language, read]) =>
    texts.flatMap(([other, compared]) => differences(language, read, other, compared)),
  );
  if (problems.length > 0) throw new Error(`${folder}: ${problems.join('; ')}`);
  const byLanguage = new Map(texts);
  const created = new Map<Language, Words>();
  // On first use: the formatters of Intl take 8 MB that an idle panel does without.
  return (language) => {
    const words = created.get(language) ?? createWords(language, byLanguage.get(language) ?? {});
    created.set(language, words);
    return words;
  };
}

function differences(language: Language, texts: Texts, other: Language, compared: Texts): string[] {
  const params = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
  return Object.entries(texts).flatMap(([key, text]) => {
    const twin = compared[key];
    if (twin === undefined) return [`${other} lacks "${key}"`];
    return String(params(text)) === String(params(twin))
      ? []
      : [`"${key}" has other parameters in ${language}, ${other}`];
  });
}

/** Between a number and its unit. The units are symbols, the same in all languages (SI brochure, 5.4.3). */
const NBSP = '\u00a0';
const SYMBOLS: ReadonlyMap<string, string> = new Map([
  ['ms', 'ms'],
  ['ms/kB', 'ms/kB'],
  ['hours', 'h'],
  ['min', 'min'],
  ['s', 's'],
]);

function createWords(language: Language, texts: Texts): Words {
  const plural = new Intl.PluralRules(language);
  const ago = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const localDay = new Intl.DateTimeFormat(language, { dateStyle: 'medium' });
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' });
  const near = { day: 'numeric', month: 'short' } as const;
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const moment = new Intl.DateTimeFormat(language, { ...near, ...time });
  const shortDay = new Intl.DateTimeFormat(language, { ...near, timeZone: 'UTC' });
  const clock = new Intl.DateTimeFormat(language, time);
  const share = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 });
  const numbers = [0, 1, 2].map((digits) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }));
  const keptNumbers = numbers.map((format) => remembered((value) => format.format(value)));
  const number = (value: number, digits = 0) => keptNumbers[digits]?.(value) ?? '';
  // By the minute, which is all that they tell.
  const minute = remembered((at) => `${localDay.format(at * MINUTE_MS)}, ${clock.format(at * MINUTE_MS)}`);
  const find = (key: string, params: Params) =>
    texts[key] ?? texts[`${key}.${plural.select(Number(params.count))}`] ?? texts[`${key}.other`];
  return {
    language,
    has: (key) => key in texts,
    number,
    measure: (value, of) => {
      const symbol = SYMBOLS.get(of ?? '');
      return of === 'share' ? share.format(value) : symbol ? `${number(value, 1)}${NBSP}${symbol}` : number(value, 2);
    },
    bytes: (count) =>
      count < 1e6 ? `${number(count / 1e3, count < 1e4 ? 1 : 0)}${NBSP}kB` : `${number(count / 1e6, 1)}${NBSP}MB`,
    date: (at) => minute(Math.floor(at / MINUTE_MS)),
    day: (at) => day.format(at),
    moment: (at) => moment.format(at),
    shortDay: (at) => shortDay.format(at),
    clock: (at) => clock.format(at),
    ago: (at, now) => relative(ago, Math.min(at - now, 0) / 1000),
    until: (at, now) => relative(ago, Math.max(at - now, 0) / 1000),
    t(key, params = {}) {
      const text = find(key, params);
      if (text === undefined) throw new Error(`no text "${key}" in ${language}`);
      return text.replace(/\{(\w+)\}/g, (_, name: string) => {
        const value = params[name] ?? (name === 'command' ? programCommand() : undefined);
        return typeof value === 'number' ? number(value) : (value ?? '');
      });
    },
  };
}

/** Texts for a formatter of Intl, which takes longer than all else of a row. */
const MAX_REMEMBERED = 1_000;

function remembered(format: (value: number) => string): (value: number) => string {
  const texts = new Map<number, string>();
  return (value) => {
    const known = texts.get(value);
    if (known !== undefined) return known;
    if (texts.size >= MAX_REMEMBERED) texts.clear();
    const text = format(value);
    texts.set(value, text);
    return text;
  };
}

const STEPS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** Seconds (negative: in the past) in the largest unit that fits. */
function relative(format: Intl.RelativeTimeFormat, seconds: number): string {
  const [unit, length] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? (['second', 1] as const);
  return format.format(Math.trunc(seconds / length), unit);
}

/**
 * The language to answer in: the person's choice, else the browser's preferences in their order, else the node's language.
 * Tags are compared whole (`fil` is not `fi`), and a region or variant counts as its language (`ca-valencia` is `ca`).
 */
export function chooseLanguage(chosen: string | undefined, accept: string | undefined, fallback: Language): Language {
  const spoken = (tag: string) => LANGUAGES.find((language) => language === tag.split('-', 1)[0]?.toLowerCase());
  const preferences = (accept ?? '').split(',', 20).map((part) => {
    const [tag = '', ...settings] = part.trim().split(';');
    const weight = settings.map((setting) => /^\s*q=([\d.]+)\s*$/i.exec(setting)?.[1]).find((q) => q !== undefined);
    return { tag: tag.trim(), weight: Number(weight ?? 1) };
  });
  const ranked = preferences.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
  return (
    spoken(chosen ?? '') ?? ranked.map(({ tag }) => spoken(tag)).find((language) => language !== undefined) ?? fallback
  );
}
