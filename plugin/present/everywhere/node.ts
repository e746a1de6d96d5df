/** One node of the community: what it offers, of all types. */
import type { Ranked } from '../../model/ranked.js';
import type { TypeSummary } from '../../panel/contract.js';
import type { Words } from '../i18n.js';
import { isWorking, rowModel } from '../row.js';
import { typeTitle } from '../service.js';

export interface NodeCount {
  readonly node: string;
  readonly self: boolean;
  /** Services; those that were ever tried; those that did what they should when they were last tried. */
  readonly offers: number;
  readonly measured: number;
  readonly works: number;
}

/** @param rows of that node alone */
export function nodeCount(node: string, rows: readonly Ranked[]): NodeCount {
  return {
    ...{ node, self: rows.some(({ provider }) => provider.self) },
    ...{ offers: rows.length, measured: rows.filter(({ attempts }) => attempts > 0).length },
    works: rows.filter(isWorking).length,
  };
}

/** A provider outside of its type's list. */
export function placedRow({ row, service }: { readonly row: Ranked; readonly service: TypeSummary }, words: Words) {
  const { typeId, type } = service;
  return Object.assign(rowModel(row, type, words), {
    type: typeId,
    title: typeTitle(type, typeId, words),
    icon: type.icon,
    community: row.provider.community,
  });
}

/** null where nothing is listed under that name. */
export function nodeModel(services: readonly TypeSummary[], name: string, words: Words) {
  const placed = services.flatMap((service) =>
    service.ranked.flatMap((row) => (row.provider.node === name ? [{ row, service }] : [])),
  );
  if (placed.length === 0) return null;
  const providers = placed.map(({ row: { provider } }) => provider);
  const distinct = (texts: readonly string[]) => [...new Set(texts.filter(Boolean))];
  return {
    ...nodeCount(
      name,
      placed.map(({ row }) => row),
    ),
    addresses: distinct(providers.map(({ address }) => address)),
    hosts: distinct(providers.map(({ host }) => host)),
    communities: distinct(providers.map(({ community }) => community)),
    sources: distinct(providers.flatMap(({ sources }) => sources)),
    providers: placed.map((one) => placedRow(one, words)),
  };
}
