/** What is stored of the members of a Serf community while the agent's reports are read. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ENTRIES_CAP } from '../../../plugin/discovery/budget.js';
import { Seniority } from '../../../plugin/discovery/seniority.js';
import { Members } from '../../../plugin/discovery/sources/serf/members.js';
import type { Member } from '../../../plugin/serf/member.js';
import { writeTag } from '../../announcement/packed.js';

/** Announces 64 ports. */
function stranger(nth: number): Member {
  const address = `10.66.${nth >> 8}.${nth & 255}`;
  const entries = Array.from({ length: 64 }, (_, port) => ({ s: 'dnsservice', i: address, p: `${1_000 + port}` }));
  const tags = new Map([['services', writeTag(entries)]]);
  return { name: `made-up${nth}`, address, port: 7946, tags, status: 'alive' };
}

const strangers = Array.from({ length: 300 }, (_, nth) => stranger(nth));
const join = { event: 'member-join', name: '', payload: new Uint8Array(), id: 0, members: strangers };

/** The most entries that are stored at any moment of that work, where it lets others have their turn. */
async function mostDuring(members: Members, work: Promise<void>): Promise<number> {
  let [most, isOver] = [0, false];
  const over = work.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    most = Math.max(most, members.sightings().length);
    await nextTurn();
  }
  await over;
  return most;
}

describe('the members of a Serf community', () => {
  it.each([
    ['one event', (members: Members) => members.apply(join)],
    ['the list', (members: Members) => members.replace(strangers)],
  ])('never take more than twice the budget while %s is read', async (_, read) => {
    const members = new Members(Date.now, new Seniority(Date.now));
    expect(await mostDuring(members, read(members))).toBeLessThanOrEqual(2 * ENTRIES_CAP);
    expect(members.sightings().length).toBe(ENTRIES_CAP);
  });
});
