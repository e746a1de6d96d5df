/** What somebody may try who is not the owner, or is not the owner's own page: one line for each attempt. */
import type { InjectOptions } from 'fastify';
import { Tokens } from '../../plugin/web/auth/tokens.js';
import { ROUTES } from '../../plugin/web/routes.js';
import { PASSWORD, Visitor } from './app.js';
import { type Route, UNIT, type Whole } from './whole.js';

const HOUR = 3_600_000;
const COOKIE = 'cloudy_services';

type Headers = Record<string, string>;
export type Shot = Pick<InjectOptions, 'headers' | 'payload'> & { readonly method?: string; readonly query?: string };

/** Who and what an attempt can make use of. */
export interface Context {
  readonly whole: Whole;
  /** Logged in. */
  readonly owner: Visitor;
  /** Not logged in; with a cookie and a token of its own. */
  readonly stranger: Visitor;
}

export interface Attempt {
  readonly name: string;
  readonly on: (route: Route) => boolean;
  /** What is sent; made anew for each route. */
  readonly shot: (c: Context) => Shot | Promise<Shot>;
  readonly refused: readonly number[];
}

export const changes = ({ method }: Route) => method === 'POST';
const forOwner = ({ need }: Route) => need === 'owner';
/** The other method has a page of its own at the same address. */
const isAlone = (route: Route) =>
  changes(route) && !ROUTES.some((other) => other.path === route.path && !changes(other));

/** What each deed needs, so that one that is let through by mistake is done. */
const CHOICES = { turn: 'on', language: 'es', appearance: 'dark', from: '8', to: '20', megabytes: '1' };
const FIELDS = { ...CHOICES, unit: UNIT, password: PASSWORD, stars: '5', note: 'x', port: '53' };
const fields = (more: Headers = {}) => new URLSearchParams({ ...FIELDS, ...more }).toString();
const cookieHeader = ({ cookies }: Visitor) => [...cookies].map((pair) => pair.join('=')).join('; ');

/** A form, with what the visitor knows; whatever is given replaces it. */
export function form(by: Visitor, headers: Headers = {}, more: Headers = { token: by.token }): Shot {
  const type = 'application/x-www-form-urlencoded';
  return { headers: { cookie: cookieHeader(by), 'content-type': type, ...headers }, payload: fields(more) };
}

/** A program's token, used a moment ago; the ones before it are revoked. */
function program({ whole }: Context, role: 'owner' | 'reader'): { readonly tokens: Tokens; readonly value: string } {
  const tokens = new Tokens(whole.panel.store.settings, () => whole.now);
  for (const { id } of tokens.list()) tokens.revoke(id);
  const value = tokens.make('program', role);
  tokens.use(value);
  return { tokens, value };
}

const bearer = (value: string): Headers => ({ authorization: `Bearer ${value}` });

/** A session that was the owner's, and is not any more when the request comes. */
async function ended(c: Context, how: (visitor: Visitor) => void | Promise<void>): Promise<Shot> {
  const visitor = await new Visitor(c.whole).login();
  await how(visitor);
  return form(visitor);
}

const SPOOFED: Headers = {
  'x-cloudy-user': 'root',
  'x-forwarded-user': 'owner',
  'remote-user': 'owner',
  'x-forwarded-for': '127.0.0.1',
  'x-real-ip': '127.0.0.1',
  forwarded: 'for=127.0.0.1;host=node.example;proto=https',
  'x-forwarded-proto': 'https',
  authorization: `Basic ${Buffer.from(`owner:${PASSWORD}`).toString('base64')}`,
};

const EVIL_ORIGINS = [
  'http://node.example:7001.evil.example',
  'http://node.example:7001@evil.example',
  'http://evil.example/node.example:7001',
  'http://node.example',
  'https://node.example',
  'node.example:7001',
  'file://',
  'NULL',
  '',
];

export const ATTEMPTS: readonly Attempt[] = [
  {
    name: 'a visit without any cookie',
    on: forOwner,
    shot: (c) => ({ ...form(c.stranger), headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    refused: [401, 303],
  },
  { name: 'a visitor who never logged in', on: forOwner, shot: (c) => form(c.stranger), refused: [401, 303] },
  {
    name: 'a visitor who claims to be somebody by headers',
    on: forOwner,
    shot: (c) => form(c.stranger, SPOOFED),
    refused: [401, 303],
  },
  {
    name: 'a session that nobody used for twelve hours',
    on: forOwner,
    shot: (c) =>
      ended(c, () => {
        c.whole.now += 12 * HOUR + 1;
      }),
    refused: [401, 303],
  },
  {
    name: 'a session of more than seven days, used all the time',
    on: forOwner,
    shot: (c) =>
      ended(c, async (visitor) => {
        const until = c.whole.now + 7 * 24 * HOUR;
        for (; c.whole.now < until; c.whole.now += 11 * HOUR) await visitor.get('/help');
        c.whole.now = until + 1;
      }),
    refused: [401, 303],
  },
  {
    name: 'a session that was logged out',
    on: forOwner,
    shot: (c) =>
      ended(c, async (visitor) => {
        const kept = visitor.cookies.get(COOKIE) ?? '';
        await visitor.post('/logout');
        visitor.cookies.set(COOKIE, kept);
      }),
    refused: [401, 303],
  },
  {
    name: 'a cookie that somebody made up',
    on: forOwner,
    shot: (c) => form(c.stranger, { cookie: `${COOKIE}=${'A'.repeat(43)}.${c.whole.now.toString(36)}` }),
    refused: [401, 303],
  },
  {
    name: 'the owner’s cookie with a later date',
    on: forOwner,
    shot: (c) => {
      const value = `${c.owner.cookies.get(COOKIE)?.split('.')[0]}.${(c.whole.now + HOUR).toString(36)}`;
      return form(c.owner, { cookie: `${COOKIE}=${value}` });
    },
    refused: [401, 303],
  },
  {
    name: 'a program that may only read',
    on: forOwner,
    shot: (c) => form(c.stranger, bearer(program(c, 'reader').value)),
    refused: [401, 303],
  },
  {
    name: 'a program whose token was revoked',
    on: forOwner,
    shot: (c) => {
      const { tokens, value } = program(c, 'owner');
      for (const { id } of tokens.list()) tokens.revoke(id);
      return form(c.stranger, bearer(value));
    },
    // After some, it has to wait.
    refused: [401, 303, 429],
  },
  {
    name: 'a program’s token as a cookie',
    on: forOwner,
    shot: (c) => {
      const { value } = program(c, 'owner');
      return form(c.stranger, { cookie: `${COOKIE}=${value}; token=${value}` }, { token: value });
    },
    refused: [401, 303],
  },
  {
    name: 'a program’s token in the address',
    on: forOwner,
    shot: (c) => {
      const { value } = program(c, 'owner');
      return { ...form(c.stranger), query: `?token=${value}&access_token=${value}` };
    },
    refused: [401, 303],
  },
  {
    name: 'a program’s token for a page',
    on: (route) => forOwner(route) && !route.path.startsWith('/api/'),
    shot: (c) => form(c.stranger, bearer(program(c, 'owner').value)),
    refused: [401, 303],
  },
  {
    name: "another visitor's token",
    on: changes,
    shot: (c) => form(c.owner, {}, { token: c.stranger.token }),
    refused: [403],
  },
  {
    name: 'the token of an earlier session',
    on: changes,
    shot: async (c) => form(c.owner, {}, { token: (await new Visitor(c.whole).login()).token }),
    refused: [403],
  },
  {
    name: 'the token in the address alone',
    on: changes,
    shot: (c) => ({ ...form(c.owner, {}, {}), query: `?token=${c.owner.token}` }),
    refused: [403],
  },
  {
    name: 'the token with something behind it',
    on: changes,
    shot: (c) => form(c.owner, { 'x-csrf-token': `${c.owner.token}AAAA` }),
    refused: [403],
  },
  ...['', '__proto__', '\u{10ffff}', 'A'.repeat(10_000)].map(
    (token): Attempt => ({
      name: `the token ${JSON.stringify(token.slice(0, 20))}`,
      on: changes,
      shot: (c) => form(c.owner, {}, { token }),
      refused: [403],
    }),
  ),
  ...EVIL_ORIGINS.map(
    (origin): Attempt => ({
      name: `the origin ${JSON.stringify(origin)}`,
      on: changes,
      shot: (c) => form(c.owner, { origin }),
      refused: [403],
    }),
  ),
  {
    name: 'another site that says to be forwarded',
    on: changes,
    shot: (c) => {
      const forwarded = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' };
      return form(c.owner, { origin: 'http://evil.example', 'x-original-host': 'evil.example', ...forwarded });
    },
    refused: [403],
  },
  {
    name: 'another site under whose name this node is reached',
    on: changes,
    shot: (c) => form(c.owner, { host: 'evil.example', origin: 'http://evil.example' }),
    refused: [421],
  },
  // What a page of another site can send without asking first.
  ...['text/plain', 'text/plain;charset=utf-8;application/json', ''].map(
    (type): Attempt => ({
      name: `a body of the type ${JSON.stringify(type)}`,
      on: changes,
      shot: (c) => form(c.owner, { 'content-type': type }),
      refused: [403, 415],
    }),
  ),
  {
    name: 'a form with files',
    on: changes,
    shot: (c) => {
      const payload = `--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n${c.owner.token}\r\n--x--\r\n`;
      return { ...form(c.owner, { 'content-type': 'multipart/form-data; boundary=x' }), payload };
    },
    refused: [415],
  },
  ...['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'].map(
    (method): Attempt => ({
      name: `the method ${method}`,
      on: isAlone,
      shot: (c) => ({ ...inQuery(c.owner), method }),
      refused: [404],
    }),
  ),
  {
    name: 'a GET that says to mean POST',
    on: isAlone,
    shot: (c) => ({ ...inQuery(c.owner, { _method: 'POST' }, overriding('POST')), method: 'GET' }),
    refused: [404],
  },
  {
    name: 'a POST without token that says to mean GET',
    on: changes,
    shot: (c) => form(c.owner, overriding('GET'), { _method: 'GET' }),
    refused: [403],
  },
];

function overriding(method: string): Headers {
  return { 'x-http-method-override': method, 'x-http-method': method, 'x-method-override': method };
}

/** A method without a body: the fields stand in the address. */
function inQuery(by: Visitor, more: Headers = {}, headers: Headers = {}): Shot {
  const known = { cookie: cookieHeader(by), 'x-csrf-token': by.token };
  return { headers: { ...known, ...headers }, query: `?${fields({ token: by.token, ...more })}` };
}
