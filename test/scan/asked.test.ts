/** What a person's wish for one provider lets a probe do, and a scan of all or by itself does not. */
import { afterEach, expect, it } from 'vitest';
import type { ProbeContext, Prober } from '../../plugin/probe/index.js';
import { answer, createScanner, five, providerAt } from './made.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const ACCOUNT = { user: 'anna', password: 'horse' };

/** A scanner over five providers, and what its probes were allowed. */
function watched() {
  const seen: Pick<ProbeContext, 'asked' | 'account'>[] = [];
  const probe: Prober = async (_, { asked, account }) => {
    seen.push({ ...(asked !== undefined && { asked }), ...(account && { account }) });
    return answer();
  };
  const made = createScanner(
    five.map((address) => providerAt(address)),
    probe,
  );
  closers.push(made.close);
  return { ...made, seen };
}

it('a scan of one provider counts as asked for; a scan of all and a background probe do not', async () => {
  const { scanner, jobs, seen } = watched();
  await jobs.ended(scanner.start('thing').id);
  await scanner.background('thing', '10.0.0.1', new AbortController().signal);
  expect(seen.filter(({ asked }) => asked)).toEqual([]);
  seen.length = 0;
  await jobs.ended(scanner.start('thing', '10.0.0.1').id);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter(({ asked }) => !asked)).toEqual([]);
});

it('an account goes only to the scan that it was offered for', async () => {
  const { scanner, jobs, seen } = watched();
  const all = scanner.start('thing');
  const own = scanner.start('thing', '10.0.0.1', { account: ACCOUNT });
  expect(own.id).not.toBe(all.id);
  await jobs.ended(own.id);
  const shown = seen.findIndex(({ account }) => account !== undefined);
  expect(shown).toBeGreaterThanOrEqual(five.length);
  for (const context of seen.slice(0, shown)) expect(context).toEqual({ asked: false });
  for (const context of seen.slice(shown)) expect(context).toEqual({ asked: true, account: ACCOUNT });
  seen.length = 0;
  await jobs.ended(scanner.start('thing', '10.0.0.1').id);
  expect(seen.filter(({ account }) => account)).toEqual([]);
});
