/** The members as this node's agent knows them now, and which of them somebody means. */
import { readTag, TAG_NAME } from '../announcement/tag-read.js';
import { inSlices } from '../lib/slices.js';
import { cleanText } from '../lib/text.js';
import type { SerfRpc } from './client.js';
import type { Member } from './member.js';

export interface Roster {
  /** Member name of this node. */
  readonly self: string;
  readonly members: readonly Member[];
}

/** The answer of the agent is reused for so long: the list of a large community costs the agent some work, ms. */
const FRESH_MS = 2_000;

const recent = new WeakMap<SerfRpc, { readonly at: number; readonly roster: Promise<Roster> }>();

/** @throws PanelError serf-away, serf-refused */
export function readRoster(client: SerfRpc): Promise<Roster> {
  const reading = recent.get(client);
  if (reading && performance.now() - reading.at < FRESH_MS) return reading.roster;
  const roster = Promise.all([client.stats(), client.members()]).then(([stats, members]) => ({
    self: stats.get('agent')?.get('name') ?? '',
    members,
  }));
  recent.set(client, { at: performance.now(), roster });
  return roster;
}

/**
 * By name, by address, or by a host that the member announces; members that are alive first.
 * @param announcements of the members that are there: decoding all tags for every question would hold up everything else
 */
export async function findMember(
  members: readonly Member[],
  name: string,
  announcements: readonly { readonly node: string; readonly host: string }[],
): Promise<Member | undefined> {
  const key = name.toLowerCase();
  const matches = (text: string | null) => text !== null && cleanText(text).toLowerCase() === key;
  const sorted = members.toSorted((a, b) => Number(b.status === 'alive') - Number(a.status === 'alive'));
  const direct = sorted.find(({ name }) => matches(name)) ?? sorted.find(({ address }) => matches(address));
  if (direct) return direct;
  const nodes = new Set(announcements.filter(({ host }) => matches(host)).map(({ node }) => node));
  let found = sorted.find(({ name }) => nodes.has(cleanText(name)));
  // Only members that left have no announcements.
  await inSlices(found ? [] : sorted.filter(({ status }) => status === 'left'), (member) => {
    const { entries } = readTag(member.tags.get(TAG_NAME) ?? '');
    if (entries.some(({ host }) => matches(host))) found ??= member;
  });
  return found;
}
