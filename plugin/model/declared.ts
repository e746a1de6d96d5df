/** What an announcer says of its own service in short attributes: words for people, never points. */

/** The attributes, in the order in which a form asks for them. */
export const SAYINGS = ['by', 'since', 'open', 'lang', 'full'] as const;
export type Saying = (typeof SAYINGS)[number];

export const OPEN = ['yes', 'ask', 'no'] as const;
export type Openness = (typeof OPEN)[number];

export interface Declared {
  /** Who runs it; empty where nobody says. */
  readonly by: string;
  /** Year, month or day since when it is there, as `2024`, `2024-05` or `2024-05-31`; null where nobody says. */
  readonly since: string | null;
  /** Whom it is for: everybody, those who ask first, its own people. */
  readonly open: Openness | null;
  /** Languages in which its people help: codes of two or three letters, at most 4. */
  readonly languages: readonly string[];
  /** It takes nobody new: listed and scored, never recommended. */
  readonly full: boolean;
}

/** Characters; an attribute travels in a tag of a few hundred bytes. */
const BY_LENGTH = 40;
const LANGUAGES_CAP = 4;

type Attributes = ReadonlyMap<string, string>;

/** Reads `by`, `since`, `open`, `lang` and `full`; what makes no sense is as if it were not said. */
export function readDeclared(txt: Attributes): Declared {
  const open = txt.get('open')?.toLowerCase();
  const since = txt.get('since') ?? '';
  const languages = (txt.get('lang') ?? '').toLowerCase().split(',', LANGUAGES_CAP);
  return {
    by: (txt.get('by') ?? '').replaceAll('_', ' ').trim().slice(0, BY_LENGTH),
    since: /^(?:19|20)\d\d(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?$/.test(since) ? since : null,
    open: OPEN.find((word) => word === open) ?? null,
    languages: [...new Set(languages.filter((code) => /^[a-z]{2,3}$/.test(code)))],
    full: isFull({ txt }),
  };
}

/** Whether it takes nobody new. */
export const isFull = ({ txt }: { readonly txt: Attributes }) => /^(?:1|yes)$/i.test(txt.get('full') ?? '');

/** Attributes as an owner types them: what is said among them, and the others. */
export function splitSayings(attributes: string): {
  readonly said: Readonly<Partial<Record<Saying, string>>>;
  readonly others: string;
} {
  const words = attributes.split(/[&\s]+/).filter(Boolean);
  const saying = (word: string) => SAYINGS.find((name) => word.startsWith(`${name}=`));
  const said = words.flatMap((word) => {
    const name = saying(word);
    return name === undefined ? [] : [[name, word.slice(name.length + 1)] as const];
  });
  // Of a name the first counts.
  return {
    said: Object.fromEntries(said.toReversed()),
    others: said.length === 0 ? attributes.trim() : words.filter((word) => saying(word) === undefined).join('&'),
  };
}

/** The attributes with what is said put in, each value as one word. */
export function joinSayings(attributes: string, said: Readonly<Partial<Record<Saying, string>>>): string {
  const pairs = SAYINGS.flatMap((name) => {
    const value = (said[name] ?? '')
      .trim()
      .replace(/[&=\s]+/g, name === 'lang' ? ',' : '_')
      .replace(/,{2,}/g, ',');
    return value === '' ? [] : [`${name}=${value}`];
  });
  const { others } = splitSayings(attributes);
  return [...(others === '' ? [] : [others]), ...pairs].join('&');
}
