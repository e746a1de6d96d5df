/** The key of a certificate: remembered from the first answer on, and told when it changes. */
import { afterEach, describe, expect, it } from 'vitest';
import type { ProbeResult } from '../../plugin/probe/index.js';
import { createScanner, providerAt, silence } from './made.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The facts of each answer, oldest first, of a provider whose scans find these. */
async function factsOf(...found: readonly (string | null | 'silence')[]) {
  let at = Date.UTC(2026, 0, 1);
  let next: ProbeResult = silence;
  const made = createScanner([providerAt('10.0.0.1')], async () => next, { now: () => at });
  closers.push(made.close);
  const facts: (string | undefined)[] = [];
  for (const key of found) {
    at += 86_400_000;
    const proven = { level: 3, samples: [], facts: key === null ? {} : { 'tls key': key } } as const;
    next = key === 'silence' ? silence : proven;
    const job = await made.jobs.ended(made.scanner.start('thing', '10.0.0.1').id);
    expect(job.state).toBe('done');
    const [newest] = made.store.attempts.of('thing', '10.0.0.1', 1);
    facts.push(newest?.reason === null ? newest.facts['tls changed'] : 'none');
  }
  return facts.map((fact) => fact?.slice(0, 10) ?? null);
}

describe('the key of a certificate', () => {
  it('is told from the day of its change on', async () => {
    expect(await factsOf('a', 'a', 'b', 'b')).toEqual([null, null, '2026-01-04', '2026-01-04']);
  });

  it('that changes back has changed once more', async () => {
    expect(await factsOf('a', 'b', 'a')).toEqual([null, '2026-01-03', '2026-01-04']);
  });

  it('is remembered beyond answers without one', async () => {
    expect(await factsOf('a', null, 'b', null, 'b')).toEqual([null, null, '2026-01-04', null, '2026-01-04']);
  });

  it('is remembered beyond silence', async () => {
    const facts = await factsOf('a', 'silence', 'b');
    expect([facts.at(0), facts.at(-1)]).toEqual([null, '2026-01-04']);
  });
});
