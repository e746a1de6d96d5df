import { describe, expect, it } from 'vitest';
import { claims, groups, hostGroup } from '../../plugin/scan/group.js';

describe('who is behind a provider', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['fd00:1:2:3:4:5:6:7', 'fd00:1:2:3'],
    ['fd00:0001:0002:0003::1', 'fd00:1:2:3'],
    ['fd00:1:2:3::', 'fd00:1:2:3'],
    ['fd00:1::3:4:5:6:7', 'fd00:1:0:3'],
    ['fd00::1', 'fd00:0:0:0'],
    ['::1', '0:0:0:0'],
    ['::ffff:10.1.2.3', '0:0:0:0'],
  ])('is told by its address, or by the network of an IPv6 address, however written: %s', (address, group) => {
    expect(hostGroup(address)).toBe(group);
  });

  it('is what it claims until it answers, and its host afterwards: no name is ever proven', () => {
    const provider = { address: 'fd00:1:2:3::9', node: 'liar' };
    expect(claims(provider)).toEqual(['host fd00:1:2:3', 'node liar']);
    expect(groups(provider, false)).toEqual(claims(provider));
    expect(groups(provider, true)).toEqual(['proven fd00:1:2:3']);
  });
});
