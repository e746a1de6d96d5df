/** The one place that decides who may do what: roles, what a request must carry, logging in and out. */
import type { FastifyRequest } from 'fastify';
import { programCommand } from '../../config/install.js';
import type { Time } from '../../lib/clock/index.js';
import { log, pairs } from '../../lib/log.js';
import { PanelError } from '../../model/errors.js';
import type { Need, Role } from '../../model/role.js';
import type { Panel } from '../../panel/contract.js';
import type { Visit } from '../visit.js';
import { readCookie, setCookie } from './cookies.js';
import { DEVICE_COOKIE, DEVICE_LASTS_S, Devices } from './devices.js';
import { FailedLogins } from './failed-logins.js';
import { assertKnownHost } from './hosts.js';
import { checkOwnerPassword, claimOwner, hasOwner, isFirstRunCode } from './password.js';
import { MAX_SESSION_MS, Sessions } from './sessions.js';
import { Throttle } from './throttle.js';
import { Tokens } from './tokens.js';
import { Turns } from './turns.js';

/** A host application's login: the role of whoever sends the request. */
export type Authenticate = (request: FastifyRequest) => Promise<Role>;

export const COOKIE = 'cloudy_services';

/** How long a client has to wait where too many wait already, ms. */
const BUSY_MS = 1_000;

/** All requests through the Unix socket count as one device: no stranger can open the socket. */
const SOCKET = 'socket';

interface Credentials {
  readonly password: string;
  /** The first-run code; empty where none was given. */
  readonly code: string;
}

const LOGIN = { name: '', what: 'login', type: null, provider: null } as const;

export class TooManyTries extends PanelError {
  /** Seconds. */
  readonly retryAfter: number;

  constructor(waitMs: number) {
    const seconds = Math.ceil(waitMs / 1000);
    super('too-many-tries', 'Too many wrong passwords in a row.', `Wait ${seconds} s and try again.`);
    this.retryAfter = seconds;
  }
}

export class Auth {
  readonly #panel: Panel;
  readonly #authenticate: Authenticate | undefined;
  readonly #sessions: Sessions;
  readonly #throttle: Throttle;
  readonly #turns = new Turns();
  readonly #devices: Devices;
  readonly #failed: FailedLogins;
  /** What programs show instead of a session's cookie. */
  readonly tokens: Tokens;
  /** Wrong tokens never make a person's login wait. */
  readonly #tokenThrottle: Throttle;
  readonly #failedTokens: FailedLogins;

  constructor(panel: Panel, time: Pick<Time, 'now' | 'steady'>, authenticate?: Authenticate) {
    this.#panel = panel;
    this.#authenticate = authenticate;
    this.#sessions = new Sessions(panel.store, () => time.now());
    this.#throttle = new Throttle(() => time.steady());
    this.#devices = new Devices(panel.store.settings);
    this.#failed = new FailedLogins(() => time.steady());
    this.tokens = new Tokens(panel.store.settings, () => time.now());
    this.#tokenThrottle = new Throttle(() => time.steady());
    this.#failedTokens = new FailedLogins(() => time.steady(), 'token');
  }

  /** Whether people log in here; false where a host application does that. */
  get ownLogin(): boolean {
    return this.#authenticate === undefined;
  }

  get hasOwner(): boolean {
    return hasOwner(this.#panel.store.settings);
  }

  /**
   * The owner's pages and orders keep the session alive. A program's token is good for the API alone.
   * @throws PanelError wrong-token; TooManyTries
   */
  async role(visit: Visit): Promise<Role> {
    const publicRole = this.#panel.config.publicRead ? 'reader' : null;
    if (this.#authenticate) return (await this.#authenticate(visit.request)) ?? publicRole;
    if (visit.bearer !== null) return this.#tokenRole(visit, visit.bearer);
    const isUse = isPage(visit) || visit.request.method === 'POST';
    return visit.cookie !== null && this.#sessions.isOpen(visit.cookie, isUse) ? 'owner' : publicRole;
  }

  /**
   * Refuses the request unless the visitor may make it.
   * @throws PanelError unknown-host, cross-site, login-required, bad-token
   */
  permit(visit: Visit, need: Need): void {
    // Only a program can send a token of its own accord: no page of another site makes a browser do it.
    const isPost = visit.request.method === 'POST' && visit.program === null;
    if (isPost && this.ownLogin) assertKnownHost(visit.request.headers.host, this.#panel.config.hosts);
    if (isPost) assertSameOrigin(visit.request);
    if ((need === 'owner' && visit.role !== 'owner') || (need === 'reader' && visit.role === null)) {
      throw new PanelError('login-required', 'Only the owner of this node may do this.', this.#loginHint(visit));
    }
    if (isPost) this.#assertToken(visit);
  }

  #loginHint({ program }: Visit): string {
    if (program) return 'This token may only read: make one for the owner on the page of settings.';
    return this.ownLogin ? 'Log in as the owner of this node.' : 'Log in to the application that shows this page.';
  }

  /** Nobody guesses 256 bits: a right token does not wait for those who guess. */
  #tokenRole(visit: Visit, bearer: string): Role {
    visit.program = this.tokens.use(bearer);
    if (visit.program) return visit.program.role;
    const wait = this.#tokenThrottle.begin(visit.address);
    if (wait > 0) throw new TooManyTries(wait);
    this.#failedTokens.add(visit.address);
    throw new PanelError('wrong-token', 'The token is wrong.', 'Make a new one on the page of settings.');
  }

  /** The token for the visitor's forms; a visitor without a cookie is given one. */
  token(visit: Visit): string {
    visit.cookie ??= this.#setCookie(visit, this.#sessions.newValue());
    return this.#sessions.token(visit.cookie);
  }

  /**
   * Opens a session under a new cookie. While there is no owner, the first-run code makes the password the owner's.
   * @throws PanelError wrong-password, owner-exists, bad-request; TooManyTries
   */
  async login(visit: Visit, credentials: Credentials): Promise<void> {
    const { address, request } = visit;
    const cookie = readCookie(request, DEVICE_COOKIE);
    const device = this.#devices.find(cookie) ?? (visit.bySocket ? SOCKET : null);
    await this.#assertOwner(credentials, address, device);
    log.info(pairs({ by: 'owner', what: 'login', from: address, result: 'done' }));
    this.#panel.store.events.add({ ...LOGIN, by: 'owner', result: 'done', job: null });
    this.#throttle.succeeded(address, device);
    if (visit.cookie !== null) this.#sessions.close(visit.cookie);
    visit.role = 'owner';
    visit.cookie = this.#setCookie(visit, this.#sessions.open(), { maxAge: MAX_SESSION_MS / 1000 });
    setCookie(visit.reply, DEVICE_COOKIE, this.#devices.admit(cookie), { path: visit.base, maxAge: DEVICE_LASTS_S });
  }

  logout(visit: Visit): void {
    if (visit.cookie !== null) this.#sessions.close(visit.cookie);
    visit.cookie = null;
    this.#setCookie(visit, '', { maxAge: 0 });
  }

  /** Refuses anyone but the owner; each failure in a row makes the wait longer. */
  async #assertOwner({ password, code }: Credentials, address: string, device: string | null): Promise<void> {
    const { store } = this.#panel;
    const isOwned = hasOwner(store.settings);
    if (isOwned && code !== '') throw ownerExists();
    // Nobody guesses 59 bits: a right code does not wait for those who guess.
    if (!isOwned && isFirstRunCode(store.settings, code)) return this.#becomeOwner(password);
    const isKnown = device !== null;
    const wait = this.#turns.isFull(isKnown) ? BUSY_MS : this.#throttle.begin(address, device);
    if (wait > 0) throw new TooManyTries(wait);
    if (isOwned && (await this.#turns.run(isKnown, () => checkOwnerPassword(store.settings, password)))) return;
    this.#failed.add(address);
    store.events.count({ ...LOGIN, by: 'stranger', result: 'failed' });
    throw isOwned ? wrongPassword() : wrongCode();
  }

  /** The first visitor with the code becomes the owner. */
  async #becomeOwner(password: string): Promise<void> {
    if (this.#turns.isFull(true)) throw new TooManyTries(BUSY_MS);
    if (!(await this.#turns.run(true, () => claimOwner(this.#panel.store.settings, password)))) throw ownerExists();
    this.#sessions.closeAll();
  }

  #setCookie(visit: Visit, value: string, options: { readonly maxAge?: number } = {}): string {
    setCookie(visit.reply, COOKIE, value, { path: visit.base, ...options });
    return value;
  }

  #assertToken({ request, cookie }: Visit): void {
    const token = request.headers['x-csrf-token'] ?? bodyField(request, 'token');
    if (cookie !== null && typeof token === 'string' && this.#sessions.isToken(cookie, token)) return;
    throw new PanelError('bad-token', 'The form is not from this visit.', 'Load the page again and repeat the action.');
  }
}

const wrongPassword = () =>
  new PanelError('wrong-password', 'The password is wrong.', `A new one is set with: ${programCommand()} passwd`);

function wrongCode(): PanelError {
  const hint = `The panel prints the code when it starts; or set a password with: ${programCommand()} passwd`;
  return new PanelError('wrong-password', 'The code is wrong.', hint);
}

function ownerExists(): PanelError {
  const hint = `Log in with the owner’s password; or set a new one with: ${programCommand()} passwd`;
  return new PanelError('owner-exists', 'This node already has an owner.', hint);
}

/** A whole page, which only a person asks for. A tab that was left open asks for fragments and JSON. */
const isPage = ({ request, fragment, api }: Visit) => request.method !== 'POST' && !fragment && !api;

/** A text field of a form or a JSON body; empty where it is missing. */
export function bodyField(request: FastifyRequest, name: string): string {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null) return '';
  const value = (body as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}

/** A browser names the origin of a POST, which must be this site; a client that names none is not a browser. */
function assertSameOrigin({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  const sameSite = site === undefined || site === 'same-origin' || site === 'none';
  if (sameSite && (headers.origin === undefined || originHost(headers.origin) === headers.host?.toLowerCase())) return;
  throw new PanelError('cross-site', 'The request comes from another site.', 'Use the buttons of the panel itself.');
}

/** Without the scheme, which is unknown behind a proxy that ends TLS. */
function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
