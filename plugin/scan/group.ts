/** Who is behind a provider, by what cannot be had in any number at no cost, and by what can. */
import { isIPv6 } from 'node:net';
import type { Provider } from '../model/provider.js';

/**
 * Where it is: its address, or the /64 network of an IPv6 address, since one host may use all of that. Proven for a provider
 * that has answered; otherwise only claimed, as the name is.
 */
export function hostGroup(address: string): string {
  return isIPv6(address) ? network(address) : address;
}

/** Both that limit a provider which never answered: a stranger may claim many names, or many addresses, or both. */
export const claims = ({ address, node }: Pick<Provider, 'address' | 'node'>): readonly [string, string] => [
  `host ${hostGroup(address)}`,
  `node ${node}`,
];

/** Both of them for one that never answered; only what is proven for one that did. */
export const groups = (provider: Pick<Provider, 'address' | 'node'>, answered: boolean): readonly string[] =>
  answered ? [`proven ${hostGroup(provider.address)}`] : claims(provider);

/** The first 64 bits. */
function network(address: string): string {
  const [before = '', after] = address.split('::');
  const parts = (text = '') => (text === '' ? [] : text.split(':'));
  const [left, right] = [parts(before), parts(after)];
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((part) => Number.parseInt(part, 16).toString(16))
    .join(':');
}
