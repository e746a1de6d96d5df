/**
 * How the text of an option becomes its value. An invalid text throws an Error that says what was expected; the caller adds
 * the option's name and where the text came from.
 */
import { isIP } from 'node:net';
import { rangeList } from '../lib/address.js';

export type Parse<T> = (text: string) => T;
const fail = (expected: string): never => {
  throw new Error(`expected ${expected}`);
};
export const oneOf =
  <T extends string>(...words: readonly T[]): Parse<T> =>
  (text) =>
    words.find((word) => word === text) ?? fail(words.join(', '));
/** The networks that the demo community can look like, beside guifi.net. */
export const DEMO_NAMES = ['aredn', 'freifunk'] as const;
export type DemoName = (typeof DEMO_NAMES)[number];
export const onOff: Parse<boolean> = (text) => oneOf('on', 'off')(text) === 'on';
export const optional =
  <T>(parse: Parse<T>): Parse<T | null> =>
  (text) =>
    text === '' ? null : parse(text);
export const text: Parse<string> = (value) => value;
export const file: Parse<string> = (value) => value || fail('auto, off or a path');
export const folder: Parse<string> = (value) => value || fail('a folder');
export const integer =
  (low: number, high: number): Parse<number> =>
  (value) => {
    const number = Number(value);
    return Number.isInteger(number) && number >= low && number <= high
      ? number
      : fail(`a whole number ${low}..${high}`);
  };

/** `host:port`, `[v6]:port`. Port 0 lets the system choose one. */
export const hostPort: Parse<{ host: string; port: number }> = (value) => {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(value) ?? fail('HOST:PORT, such as 127.0.0.1:7001');
  return { host: (match[1] ?? match[2]) as string, port: integer(0, 65535)(match[3] as string) };
};

/** How the network's own routing daemon is found. */
export type Routing =
  | 'off'
  | 'auto'
  | {
      readonly daemon: string;
      /** null = where it usually answers on this machine. */
      readonly place: { readonly host: string; readonly port: number } | { readonly path: string } | null;
    };

/** `off`, `auto`, `NAME`, `NAME://HOST:PORT` or `NAME:/PATH`. Which names there are, the room of the daemons knows. */
export const routing: Parse<Routing> = (value) => {
  if (value === 'off' || value === 'auto') return value;
  const [, daemon, address, path] =
    /^([a-z][a-z\d]{0,31})(?::\/\/([^/]+)\/?|:(\/(?!\/).*))?$/.exec(value) ??
    fail('off, auto, or a daemon such as babeld, babeld://[::1]:33123 or bird:/run/bird/bird.ctl');
  if (path !== undefined) return { daemon: daemon as string, place: { path } };
  if (address === undefined) return { daemon: daemon as string, place: null };
  const place = hostPort(address);
  return place.port > 0 ? { daemon: daemon as string, place } : fail('a port 1..65535');
};

/** Where panels tell each other what they have measured. */
export const SHARE_PORT = 7_002;
const MAX_PEERS = 50;

/** Literal addresses, each with a port or with the usual one. */
export const peers: Parse<readonly { host: string; port: number }[]> = (value) => {
  const list = value.split(/[\s,]+/).filter(Boolean);
  const read = list.map((text) => {
    const bare = text.replace(/^\[(.*)\]$/, '$1');
    const { host, port } = isIP(bare) ? { host: bare, port: SHARE_PORT } : hostPort(text);
    return isIP(host) && port > 0
      ? { host, port }
      : fail(`addresses such as 10.139.40.22 or 10.139.40.22:${SHARE_PORT}`);
  });
  return read.length <= MAX_PEERS ? read : fail(`at most ${MAX_PEERS} addresses`);
};

/** Strict, because it becomes part of a command. */
const JOIN_ADDRESS = /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i;
export const isJoinAddress = (value: string) => JOIN_ADDRESS.test(value);
export const joinAddress: Parse<string> = (value) =>
  isJoinAddress(value) ? value : fail('an address such as 10.139.40.22:5000');

/** `auto`, or where a router answers by HTTP: no user name, path or query. */
export const node: Parse<string> = (value) =>
  /^(?:http:\/\/)?(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?\/?$/i.test(value) &&
  URL.canParse(`http://${value.replace(/^http:\/\//i, '')}`)
    ? value.replace(/^http:\/\/|\/$/gi, '')
    : fail('auto, or a node such as localnode.local.mesh or 10.1.2.3');

/** User name, password and path must decode: sending an alert decodes them. */
export const webAddress: Parse<string> = (value) => {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol))
    fail('an address that begins with http:// or https://');
  const { username, password, pathname } = new URL(value);
  try {
    decodeURIComponent([username, password, pathname].join('/'));
  } catch {
    fail('%25 for a literal %, and %XX only for bytes of UTF-8');
  }
  return value;
};

/** As `webAddress`, without a user name or password. */
export const publicAddress: Parse<string> = (value) => {
  const { username, password } = new URL(webAddress(value));
  return username + password === '' ? value : fail('an address without user name and password');
};

export const basePath: Parse<string> = (value) =>
  /^\/([A-Za-z0-9._~-]+\/)*$/.test(`${value}/`.replace(/\/+$/, '/'))
    ? `${value}/`.replace(/\/+$/, '/')
    : fail('a path such as / or /cloudy/');

export const ranges: Parse<readonly string[] | null> = (value) => {
  if (value === 'auto') return null;
  const list = value.split(/[\s,]+/).filter(Boolean);
  rangeList(list);
  return list.length > 0 ? list : fail('auto, or ranges such as 10.0.0.0/8,fc00::/7');
};

/** Addresses and ranges; an address alone is a range of one. Never everybody. */
export const proxies: Parse<readonly string[]> = (value) => {
  const list = value
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((entry) => (isIP(entry) === 0 ? entry : `${entry}/${isIP(entry) === 6 ? 128 : 32}`));
  rangeList(list);
  return list.every((range) => !/\/0+$/.test(range)) ? list : fail('the addresses of proxies, not everybody');
};

export const hosts: Parse<readonly string[]> = (value) => {
  const names = value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  const isName = (name: string) => /^[\w-]{1,63}(\.[\w-]{1,63})*$/.test(name);
  return names.every(isName) ? names : fail('names such as panel.guifi.net, without http:// and port');
};
