/** One provider as its own page tells it: the row, why it has its score, and how to use it. */
import { DAY_MS } from '../lib/time.js';
import { isFull, readDeclared } from '../model/declared.js';
import type { Ranked } from '../model/ranked.js';
import type { ProviderView, TypeView } from '../panel/contract.js';
import { CHANGE_FACT } from '../probe/tls.js';
import { scanCost } from '../scan/cost.js';
import { allowsHeavy } from '../scan/target.js';
import type { Device, Usable, UseStep } from '../services/contract.js';
import type { Opinion } from '../store/index.js';
import type { Words } from './i18n.js';
import { languageName, rowModel } from './row.js';
import { whyModel } from './why.js';

/**
 * One provider with what a person needs to use it and what its announcement says.
 * @param own what this node's own configuration says of it, where the visitor may see that
 */
export function providerModel(
  { view, ranked, connect, usable }: ProviderView & { readonly usable: readonly Usable[] },
  words: Words,
  now: number,
  isOwner: boolean,
  own?: ReadonlyMap<string, string>,
) {
  const { type, typeId } = view;
  const { account } = type;
  const { provider } = ranked;
  const options = { asked: allowsHeavy(provider) };
  return {
    type: typeId,
    ...rowModel(ranked, type, words),
    why: whyModel(ranked, type, words, now),
    community: provider.community,
    /** Names of the languages that the announcer says. */
    languages: readDeclared(provider.txt).languages.map((code) => languageName(code, words.language)),
    keyChanged: recentChange(ranked.facts, now),
    // An owner knows how to use an own service.
    use:
      provider.self && isOwner
        ? []
        : type.use({ ...provider, facts: ranked.facts }, usable, own).flatMap((step) => stepModel(step, words)),
    /** Text of the button that tells a program of this node to use it; null where there is none. */
    connect: connect?.label[words.language] ?? null,
    /** What a scan of this provider alone costs at most. */
    scan: { bytes: scanCost(type, [provider], options).bytes },
    /** The account that a person may offer for one scan of it. */
    account: account
      ? {
          label: account.label[words.language],
          explanation: account.explanation[words.language],
          bytes: scanCost(type, [provider], { ...options, account }).bytes,
        }
      : null,
    details:
      type.describe?.(provider.txt).map(({ label, value }) => ({
        label: label[words.language],
        value: typeof value === 'string' ? value : value[words.language],
      })) ?? [],
  };
}

/** How long a new key is told, ms: afterwards it is the one that people know. */
const CHANGE_MS = 30 * DAY_MS;

/** When the key of its certificate changed, as an ISO date; null where it did not lately. */
function recentChange(facts: Readonly<Record<string, string>>, now: number): string | null {
  const at = Date.parse(facts[CHANGE_FACT] ?? '');
  return Number.isNaN(at) || now - at > CHANGE_MS ? null : new Date(at).toISOString();
}

/**
 * Providers worth using, in the order to try them: what works now, without this node itself and what its owner has hidden;
 * first what the owner has pinned, then the recommended one, then by score; then those that take nobody new, last those
 * that the owner keeps in reserve: such a one is recommended only where no other may be.
 * @param view as the owner sees it: the files for programs follow the owner's choice, whoever fetches them
 */
export function rowsWorthUsing({ ranked }: Pick<TypeView, 'ranked'>): Ranked[] {
  const isWorthUsing = ({ score, provider, hidden, failures }: Ranked) =>
    (score ?? 0) > 0 && failures === 0 && !provider.self && !hidden;
  const place = ({ pinned, recommended, reserve, provider }: Ranked) =>
    pinned ? 0 : recommended ? 1 : reserve ? 4 : isFull(provider) ? 3 : 2;
  return ranked.filter(isWorthUsing).toSorted((a, b) => place(a) - place(b));
}

/** The same, as the steps and files take them. */
export const worthUsing = (view: Pick<TypeView, 'ranked'>): Usable[] =>
  rowsWorthUsing(view).map(({ provider, facts }) => ({ ...provider, facts }));

export interface HoleModel {
  readonly name: string;
  readonly label: string;
  readonly pattern: string;
}

export type StepModel = { readonly label: string; readonly on?: Device } & (
  | { readonly kind: 'link'; readonly url: string }
  | {
      readonly kind: 'copy';
      readonly text: string;
      readonly system?: string;
      readonly holes?: readonly HoleModel[];
    }
  | { readonly kind: 'qr'; readonly text: string }
  | { readonly kind: 'note' }
);

/** Only web addresses become links: an announcement is a stranger's text. */
function stepModel(step: UseStep, { language }: Words): StepModel[] {
  if (step.kind === 'link' && !isWebAddress(step.url)) return [];
  const label = step.label[language];
  if (step.kind !== 'copy' || step.holes === undefined) return [{ ...step, label } as StepModel];
  const holes = step.holes.map(({ name, label, pattern }) => ({ name, label: label[language], pattern }));
  return [{ ...step, label, holes }];
}

function isWebAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

/** What the owner thinks of a provider, for the owner alone. */
export function opinionModel(opinion: Opinion) {
  const { stars, ...rest } = opinion;
  return { ...rest, stars: stars[0]?.stars ?? null, ratings: stars.length };
}
