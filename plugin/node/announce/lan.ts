/**
 * This node's own services on the local network. avahi-daemon drops a program's announcements when the program ends, so
 * each service has its own child, `avahi-publish-service`, that lives as long as the announcement.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { WireEntry } from '../../announcement/tag-write.js';
import { MINUTE_MS } from '../../lib/time.js';
import { isCloudyHost } from './host.js';
import { addressTrouble } from './troubles.js';

/** `failed`: avahi-daemon refuses it, or the child was killed. All but `announced` are retried. */
export const LAN_STATES = ['announced', 'beginning', 'no-program', 'no-daemon', 'failed'] as const;
export type LanState = (typeof LAN_STATES)[number];

/** A service as the local network sees it (RFC 6763). */
export interface LanService {
  readonly name: string;
  /** `_<type id>._tcp`, whatever the transport: as old nodes announce it. */
  readonly type: string;
  readonly port: number;
  readonly txt: readonly string[];
  /** Name and address of the host, as Cloudy names it; absent where avahi-daemon's own name will do. */
  readonly host?: { readonly name: string; readonly address: string };
}

/** One DNS label. */
const MAX_LABEL_BYTES = 63;
/** Before a restart after an unexpected end; doubled each time until an announcement succeeds. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 5 * MINUTE_MS;
/** From SIGTERM to SIGKILL: closing has one second for everything. */
const GRACE_MS = 500;
/** Characters of the child's output. */
const MAX_OUTPUT = 2_000;
/** `setpriv` ends the child with this process, even after SIGKILL: an announcement must not outlive the panel. */
const SETPRIV = ['setpriv', '--pdeathsig', 'TERM', '--'] as const;
/** Without the address's reverse name: that is avahi-daemon's own. */
const ADDRESS_PROGRAM = ['avahi-publish-address', '--no-reverse', '--'] as const;
/** Exit code of setpriv, as of a shell: no such program. */
const NOT_FOUND = 127;

export function toLanService({ s, d, m, i, p, t }: WireEntry): LanService {
  const name = truncate(d.replaceAll('_', ' ') || m, MAX_LABEL_BYTES);
  // A name that leads nowhere would be worse than another name.
  const host = isCloudyHost(m) && addressTrouble(i) === null ? { host: { name: m, address: i } } : {};
  return { name, type: `_${s}._tcp`, port: Number(p), txt: t.split(/[&\s]+/).filter(Boolean), ...host };
}

const addressCommand = ({ name, address }: NonNullable<LanService['host']>) => [...ADDRESS_PROGRAM, name, address];

function serviceCommand({ name, type, port, txt, host }: LanService): readonly string[] {
  const at = host ? [`--host=${host.name}`] : [];
  return ['avahi-publish-service', '--domain=local', ...at, '--', name, type, String(port), ...txt];
}

/** As many whole characters as fit. */
function truncate(text: string, maxBytes: number): string {
  let short = '';
  for (const letter of text) {
    if (Buffer.byteLength(short + letter) > maxBytes) break;
    short += letter;
  }
  return short;
}

/** The announcements on the local network, by publication key. */
export class Lan {
  readonly #announcers = new Map<string, Announcer>();
  /** By name and address. Where another program announces the same host, ours waits for that to end. */
  readonly #hosts = new Map<string, Announcer>();
  #closed = false;

  /** Announces exactly these from now on. */
  set(services: ReadonlyMap<string, LanService>): void {
    if (this.#closed) return;
    const hosts = [...services.values()].flatMap(({ host }) => host ?? []);
    runExactly(this.#hosts, new Map(hosts.map((host) => [Object.values(host).join(' '), addressCommand(host)])));
    runExactly(this.#announcers, new Map([...services].map(([key, service]) => [key, serviceCommand(service)])));
  }

  /** null = not to be announced. */
  state(key: string): LanState | null {
    return this.#announcers.get(key)?.state ?? null;
  }

  /** The state once it is no longer `beginning`, at the latest after `limitMs`. */
  async settled(key: string, limitMs: number): Promise<LanState | null> {
    await this.#announcers.get(key)?.settled(limitMs);
    return this.state(key);
  }

  /** Ends all announcements; resolves once their children have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#announcers.values(), ...this.#hosts.values()].map((announcer) => announcer.close()));
  }
}

/** Runs exactly these commands, by key. */
function runExactly(announcers: Map<string, Announcer>, commands: ReadonlyMap<string, readonly string[]>): void {
  for (const [key, announcer] of announcers) if (!commands.has(key)) announcer.run(null);
  for (const [key, command] of commands) {
    const announcer = announcers.get(key) ?? new Announcer();
    announcers.set(key, announcer);
    announcer.run(command);
  }
}

/** One announcement and its child, of which there is never more than one: two would look like two nodes. */
class Announcer {
  /** null = nothing is to be announced. */
  state: LanState | null = null;
  #command: readonly string[] | null = null;
  #child: ChildProcess | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<() => void>();

  /** @param command the program and its arguments; null ends the announcement */
  run(command: readonly string[] | null): void {
    if (JSON.stringify(command) === JSON.stringify(this.#command)) return;
    this.#command = command;
    this.#pauseMs = FIRST_PAUSE_MS;
    clearTimeout(this.#timer);
    this.#setState(command && 'beginning');
    if (this.#child) end(this.#child);
    else this.#start();
  }

  settled(limitMs: number): Promise<void> {
    if (this.state !== 'beginning') return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, limitMs);
      this.#waiting.add(done);
    });
  }

  async close(): Promise<void> {
    this.run(null);
    const child = this.#child;
    if (child) await new Promise((resolve) => child.once('close', resolve));
  }

  #start(): void {
    const command = this.#command;
    if (command === null) return;
    const [setpriv, ...options] = SETPRIV;
    const child = spawn(setpriv, [...options, ...command], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    this.#child = child;
    let output = '';
    // Without a free descriptor there is no child, and no output.
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT);
      if (command === this.#command) this.#onOutput(output);
    });
    child.once('error', ({ message }) => {
      output = message;
    });
    child.once('close', (code) => {
      this.#child = null;
      if (command === this.#command) this.#onEnd(code, output);
      else this.#start();
    });
  }

  /** The child itself takes another name where a neighbour has the first, and reconnects when the bus restarts. */
  #onOutput(output: string): void {
    const last = output.match(/^(?:Established under name|Disconnected|Name collision)/gm)?.at(-1);
    if (last === undefined) return;
    const isAnnounced = last.startsWith('Established');
    if (isAnnounced) this.#pauseMs = FIRST_PAUSE_MS;
    this.#setState(isAnnounced ? 'announced' : 'beginning');
  }

  #onEnd(code: number | null, output: string): void {
    const isMissing = code === NOT_FOUND || output.includes('ENOENT');
    const isAway = /Daemon (?:not running|connection failed)/.test(output);
    this.#setState(isMissing ? 'no-program' : isAway ? 'no-daemon' : 'failed');
    this.#timer = setTimeout(() => this.#start(), this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS);
  }

  #setState(state: LanState | null): void {
    this.state = state;
    if (state !== 'beginning') for (const done of this.#waiting) done();
  }
}

function end(child: ChildProcess): void {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  child.once('close', () => clearTimeout(timer));
}
