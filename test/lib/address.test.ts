/** Addresses with a port: brackets where colons could be taken for the port's. */
import { expect, it } from 'vitest';
import { joinHostPort } from '../../plugin/lib/address.js';

it.each([
  ['10.1.2.3', '10.1.2.3:53'],
  ['node.example', 'node.example:53'],
  ['fd00::1', '[fd00::1]:53'],
  ['fe80::1%eth0', '[fe80::1%eth0]:53'],
  // As a browser sends it.
  ['[fd00::1]', '[fd00::1]:53'],
])('%s and a port are %s', (host, expected) => {
  expect(joinHostPort(host, 53)).toBe(expected);
});
