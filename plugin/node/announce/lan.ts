/**
 * This node's own services on the local network. avahi-daemon forgets what it announces for a program as soon as that
 * program ends, so each service has a child of its own, `avahi-publish-service`, that lives as long as the announcement.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { WireEntry } from '../../announcement/tag-write.js';
import { isCloudyHost } from './host.js';
import { addressTrouble } from './troubles.js';

/** `failed`: avahi-daemon does not take it, or the child was ended; tried again, as where program or daemon are missing. */
export const LAN_STATES = ['announced', 'beginning', 'no-program', 'no-daemon', 'failed'] as const;
export type LanState = (typeof LAN_STATES)[number];

/** A service as the local network sees it (RFC 6763). */
export interface LanService {
  readonly name: string;
  /** `_<wire word>._tcp`, whatever the transport: so have old nodes it. */
  readonly type: string;
  readonly port: number;
  readonly txt: readonly string[];
  /** Name and address of the host, as Cloudy names it; absent where avahi-daemon's own name does. */
  readonly host?: { readonly name: string; readonly address: string };
}

/** One label of DNS, bytes. */
const NAME_BYTES = 63;
/** After an end that was not asked for; doubled each time, until it was announced again. All ms. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 5 * 60_000;
/** From SIGTERM to SIGKILL, ms: closing has a second for everything. */
const GRACE_MS = 500;
/** Of what the child says, characters. */
const SAID_CAP = 2_000;
/** `setpriv` ends the child with this process, also where nobody ends both: what is announced must not outlive it. */
const COMMAND = ['setpriv', '--pdeathsig', 'TERM', '--'] as const;
/** Without the name that belongs to the address: that is avahi-daemon's own. */
const ADDRESS_PROGRAM = ['avahi-publish-address', '--no-reverse', '--'] as const;
/** Of setpriv, as of a shell: there is no such program. */
const NOT_FOUND = 127;

export function lanServiceOf({ s, d, m, i, p, t }: WireEntry): LanService {
  const name = cut(d.replaceAll('_', ' ') || m, NAME_BYTES);
  // A name at which nobody reaches this machine would be worse than another name.
  const host = isCloudyHost(m) && addressTrouble(i) === null ? { host: { name: m, address: i } } : {};
  return { name, type: `_${s}._tcp`, port: Number(p), txt: t.split(/[&\s]+/).filter(Boolean), ...host };
}

const addressProgram = ({ name, address }: NonNullable<LanService['host']>) => [...ADDRESS_PROGRAM, name, address];

function serviceProgram({ name, type, port, txt, host }: LanService): readonly string[] {
  const at = host ? [`--host=${host.name}`] : [];
  return ['avahi-publish-service', '--domain=local', ...at, '--', name, type, String(port), ...txt];
}

/** Whole characters, as many as fit. */
function cut(text: string, bytes: number): string {
  let short = '';
  for (const letter of text) {
    if (Buffer.byteLength(short + letter) > bytes) break;
    short += letter;
  }
  return short;
}

/** What is announced on the local network, by wire word. */
export class Lan {
  readonly #announcers = new Map<string, Announcer>();
  /** By name and address. Where another program has announced one already, ours waits for its end. */
  readonly #hosts = new Map<string, Announcer>();
  #closed = false;

  /** Announces exactly these from now on. */
  set(services: ReadonlyMap<string, LanService>): void {
    if (this.#closed) return;
    const hosts = [...services.values()].flatMap(({ host }) => host ?? []);
    want(this.#hosts, new Map(hosts.map((host) => [Object.values(host).join(' '), addressProgram(host)])));
    want(this.#announcers, new Map([...services].map(([word, service]) => [word, serviceProgram(service)])));
  }

  /** null = it is not to be announced. */
  state(word: string): LanState | null {
    return this.#announcers.get(word)?.state ?? null;
  }

  /** The state as soon as it is not `beginning` any more, at the latest after so many ms. */
  async settled(word: string, limitMs: number): Promise<LanState | null> {
    await this.#announcers.get(word)?.settled(limitMs);
    return this.state(word);
  }

  /** Ends all announcements; resolves once their children have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#announcers.values(), ...this.#hosts.values()].map((announcer) => announcer.close()));
  }
}

/** Has exactly these programs run, by key. */
function want(announcers: Map<string, Announcer>, programs: ReadonlyMap<string, readonly string[]>): void {
  for (const [key, announcer] of announcers) if (!programs.has(key)) announcer.want(null);
  for (const [key, program] of programs) {
    const announcer = announcers.get(key) ?? new Announcer();
    announcers.set(key, announcer);
    announcer.want(program);
  }
}

/** One service and its child, of which there is never more than one: two at once would be taken for two nodes. */
class Announcer {
  /** null = nothing is wanted. */
  state: LanState | null = null;
  #args: readonly string[] | null = null;
  #child: ChildProcess | null = null;
  #pause = FIRST_PAUSE;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<() => void>();

  /** @param args the program and its arguments; null ends the announcement */
  want(args: readonly string[] | null): void {
    if (JSON.stringify(args) === JSON.stringify(this.#args)) return;
    this.#args = args;
    this.#pause = FIRST_PAUSE;
    clearTimeout(this.#timer);
    this.#become(args && 'beginning');
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
    this.want(null);
    const child = this.#child;
    if (child) await new Promise((resolve) => child.once('close', resolve));
  }

  #start(): void {
    const args = this.#args;
    if (args === null) return;
    const [command, ...before] = COMMAND;
    const child = spawn(command, [...before, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    this.#child = child;
    let said = '';
    // Where no descriptor is free there is no child, and nothing that it could say.
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-SAID_CAP);
      if (args === this.#args) this.#heard(said);
    });
    child.once('error', ({ message }) => {
      said = message;
    });
    child.once('close', (code) => {
      this.#child = null;
      if (args === this.#args) this.#failed(code, said);
      else this.#start();
    });
  }

  /** By itself, it takes another name where a neighbour has it, and connects again when the bus was restarted. */
  #heard(said: string): void {
    const last = said.match(/^(?:Established under name|Disconnected|Name collision)/gm)?.at(-1);
    if (last === undefined) return;
    const isAnnounced = last.startsWith('Established');
    if (isAnnounced) this.#pause = FIRST_PAUSE;
    this.#become(isAnnounced ? 'announced' : 'beginning');
  }

  #failed(code: number | null, said: string): void {
    const isMissing = code === NOT_FOUND || said.includes('ENOENT');
    const isAway = /Daemon (?:not running|connection failed)/.test(said);
    this.#become(isMissing ? 'no-program' : isAway ? 'no-daemon' : 'failed');
    this.#timer = setTimeout(() => this.#start(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
  }

  #become(state: LanState | null): void {
    this.state = state;
    if (state !== 'beginning') for (const done of this.#waiting) done();
  }
}

function end(child: ChildProcess): void {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  child.once('close', () => clearTimeout(timer));
}
