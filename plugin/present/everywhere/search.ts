/** One search over everything: types, nodes, providers, addresses. Each group is bounded. */
import type { Provider } from '../../model/provider.js';
import type { Ranked } from '../../model/ranked.js';
import type { TypeSummary } from '../../panel/contract.js';
import type { ServiceType } from '../../services/contract.js';
import type { Words } from '../i18n.js';
import { providerName } from '../row.js';
import { fold } from '../search.js';
import { typeTitle } from '../service.js';
import { type NodeCount, nodeCount, placedRow } from './node.js';

/** Rows of a group. */
const MAX_ROWS = 50;

export interface Group<T> {
  readonly rows: readonly T[];
  /** Of all that match. */
  readonly total: number;
}

export interface Found {
  readonly types: Group<{
    readonly type: string;
    readonly title: string;
    readonly icon: string;
    readonly providers: number;
  }>;
  readonly nodes: Group<NodeCount>;
  /** Found by their name, description, community or type. */
  readonly providers: Group<ReturnType<typeof placedRow>>;
  /** Found by their address alone. */
  readonly addresses: Group<ReturnType<typeof placedRow>>;
}

/** A row with its type. */
interface Placed {
  readonly row: Ranked;
  readonly service: TypeSummary;
}

/** @param q matches nothing where it is empty */
export function searchEverywhere(services: readonly TypeSummary[], q: string, words: Words): Found {
  const wanted = fold(q).split(/\s+/).filter(Boolean);
  const every = (isIn: (word: string) => boolean) => wanted.length > 0 && wanted.every(isIn);
  const [byName, byAddress]: [Placed[], Placed[]] = [[], []];
  const nodes = new Map<string, Ranked[]>();
  for (const service of services) {
    const isOfType = new Set(wanted.filter((word) => beginsIn(typeText(service), word)));
    for (const row of service.ranked) {
      const { provider } = row;
      const name = nameText(provider);
      const told = toldText(provider);
      if (every((word) => name.includes(word) || isOfType.has(word) || beginsIn(told, word)))
        byName.push({ row, service });
      else if (every((word) => addressText(provider).includes(word))) byAddress.push({ row, service });
      const { node } = provider;
      if (node !== '' && every((word) => name.includes(word)) && every((word) => fold(node).includes(word)))
        nodes.set(node, [...(nodes.get(node) ?? []), row]);
    }
  }
  const types = services.filter((service) => every((word) => beginsIn(typeText(service), word)));
  return {
    types: group(types, (service) => ({
      ...{ type: service.typeId, title: typeTitle(service.type, service.typeId, words) },
      ...{ icon: service.type.icon, providers: service.providers },
    })),
    nodes: group([...nodes], ([node, rows]) => nodeCount(node, rows)),
    providers: group(bestFirst(byName, wanted), (placed) => placedRow(placed, words)),
    addresses: group(bestFirst(byAddress, wanted), (placed) => placedRow(placed, words)),
  };
}

function group<T, Row>(all: readonly T[], toRow: (one: T) => Row): Group<Row> {
  return { rows: all.slice(0, MAX_ROWS).map(toRow), total: all.length };
}

/** Those whose name begins as the search does, then by their score. */
function bestFirst(found: readonly Placed[], [first = '']: readonly string[]): readonly Placed[] {
  const isNamed = ({ row: { provider } }: Placed) => Number(fold(providerName(provider)).startsWith(first));
  return found
    .map((placed) => ({ placed, named: isNamed(placed), score: placed.row.score ?? -1 }))
    .sort((a, b) => b.named - a.named || b.score - a.score)
    .map(({ placed }) => placed);
}

/** Folding ten thousand texts takes longer than all else; providers and types outlive many searches. */
function remembering<T extends object>(text: (of: T) => readonly string[]): (of: T) => string {
  const folded = new WeakMap<T, string>();
  return (of) => {
    const known = folded.get(of) ?? fold(text(of).join(' '));
    folded.set(of, known);
    return known;
  };
}

const nameText = remembering(({ node, host }: Provider) => [node, host]);
const toldText = remembering(({ description, community }: Provider) => [description, community]);
/** In all languages: who has one in mind need not know which of them the page speaks. */
const titleText = remembering(({ id, title }: ServiceType) => [id, ...Object.values(title)]);
const typeText = ({ typeId, type }: TypeSummary) => (typeId === type.id ? titleText(type) : fold(typeId));

/** Whether a word of the text begins so: "vic" means no service. */
function beginsIn(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!/[\p{L}\p{N}]/u.test(text[at - 1] ?? ' ')) return true;
  }
  return false;
}

const addressText = ({ address, port }: Provider) =>
  port === null ? address : `${address}:${port} [${address}]:${port}`;
