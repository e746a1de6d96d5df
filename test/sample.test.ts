/** The sample of pictures that the browser takes: some of each state, all of them over time, all at once where asked. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sampled, samplingCommit } from './browser/sample.js';

const LOOKS = Array.from({ length: 18 }, (_, at) => `look ${at}`);
afterEach(() => vi.unstubAllEnvs());

describe('the sample of pictures', () => {
  it('has two looks of each state, the same for the same commit, and over 100 commits every look', () => {
    expect(sampled('a list', LOOKS, 'c0')).toHaveLength(2);
    expect(sampled('a list', LOOKS, 'c0')).toEqual(sampled('a list', LOOKS, 'c0'));
    const all = new Set(Array.from({ length: 100 }, (_, commit) => sampled('a list', LOOKS, `c${commit}`)).flat());
    expect([...all].sort()).toEqual([...LOOKS].sort());
  });

  it('is everything where no commit chooses, and where ALL_PICTURES says so', () => {
    expect(sampled('a list', LOOKS, null)).toEqual(LOOKS);
    vi.stubEnv('ALL_PICTURES', '1');
    expect(samplingCommit()).toBeNull();
  });
});
