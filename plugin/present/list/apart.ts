/** What tells providers of one name apart: a router may offer several services of one type, on as many ports or in folders. */
import { plainPath } from '../../model/provider.js';
import type { Ranked } from '../../model/ranked.js';
import { providerName } from '../row.js';

/** By id, for those that share their name with another one: the first of these that no other of that name has. */
export function apartTexts(ranked: readonly Ranked[]): ReadonlyMap<string, string> {
  const named = new Map<string, Ranked[]>();
  for (const row of ranked) {
    const name = providerName(row.provider);
    const group = named.get(name) ?? [];
    group.push(row);
    named.set(name, group);
  }
  const texts = new Map<string, string>();
  for (const group of named.values()) {
    if (group.length < 2) continue;
    const counts = new Map<string, number>();
    for (const text of group.flatMap(candidates)) counts.set(text, (counts.get(text) ?? 0) + 1);
    for (const row of group) {
      const own = candidates(row);
      texts.set(row.provider.id, own.find((text) => counts.get(text) === 1) ?? own.at(-1) ?? '');
    }
  }
  return texts;
}

/** The shortest first; the last one is no other's. */
function candidates({ provider: { description, address, port, txt } }: Ranked): string[] {
  const path = plainPath(txt);
  const host = address.includes(':') ? `[${address}]` : address;
  const [at, folder] = [port === null ? '' : `:${port}`, path === '/' ? '' : path];
  const all = `${host}${at}${folder}`;
  // What has no port is told from its node's other texts by what it says.
  const last = port === null && description !== '' ? `${all} ${description}` : all;
  return [...new Set([description, at, folder, address, `${at}${folder}`, all, last])].filter(Boolean);
}
