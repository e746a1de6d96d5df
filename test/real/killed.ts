/** The whole program killed in the middle of its scans, again and again: what it had said over HTTP is held against it. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Job } from '../../plugin/model/job.js';
import { DATABASE, Daemon, giveOwner, Owner } from '../daemon.js';

/** A quick one, slow ones, and some with providers that hang. */
const TYPES = ['owp', 'proxy3', 'snpservice', 'serf', 'dnsservice', 'syncthing'] as const;

/** A round's death comes after so many of its scans ended, at most, and then so many ms later. */
const MOST_ENDED = 2;
const LATEST_MS = 500;
/** Between two looks at a job, ms; at every so many of them, its measurements are looked at too. */
const LOOK_MS = 80;
const LOOKS = 6;

interface Measurement {
  readonly time: string;
  readonly type: string;
  readonly provider: string;
}

export interface Kills {
  readonly rounds: number;
  /** Jobs that were said to be done, attempts that were shown, and jobs that death cut off. */
  readonly done: number;
  readonly attempts: number;
  readonly cut: number;
  /** What was said and was not there afterwards, or was not as it must be; empty when all is well. */
  readonly wrong: readonly string[];
}

/** Kills the program so many times. `below(n)` gives a whole number under n. */
export async function killAgainAndAgain(
  folder: string,
  rounds: number,
  below: (limit: number) => number,
): Promise<Kills> {
  await giveOwner(folder);
  const start = { folder, config: { DEMO: 'new' } };
  const witness = new Witness();
  for (let round = 0; round < rounds; round++) {
    const daemon = await Daemon.start(start);
    try {
      await witness.returns(daemon);
      const watching = witness.watchesScans(below(MOST_ENDED + 1));
      await Promise.race([watching.enough, watching.over]);
      await delay(below(LATEST_MS));
      await daemon.kill();
      await watching.over;
    } finally {
      await daemon.kill();
    }
    witness.looksInto(folder);
  }
  const last = await Daemon.start(start);
  await witness.returns(last, Number.POSITIVE_INFINITY);
  await last.close();
  if (existsSync(join(folder, `${DATABASE}-wal`))) witness.wrong.push('the last one left its log behind');
  return { rounds, ...witness.sums, wrong: witness.wrong };
}

/** Remembers all that the panel has said. */
class Witness {
  readonly wrong: string[] = [];
  readonly sums = { done: 0, attempts: 0, cut: 0 };
  readonly #owner = new Owner();
  /** As last told. */
  readonly #jobs = new Map<string, Job>();
  readonly #shown = new Set<string>();
  #known = false;

  /**
   * Asks a panel that was started again for all that it said before it died.
   * @param jobs the newest so many of them; of measurements, always all
   */
  async returns(daemon: Daemon, jobs = 5 * TYPES.length): Promise<void> {
    const { loggedIn } = await this.#owner.visit(daemon);
    if (loggedIn && this.#known) this.wrong.push('the session was lost');
    this.#known = true;
    for (const told of [...this.#jobs.values()].slice(-jobs)) await this.#recalls(told);
    const there = new Set((await Promise.all(TYPES.map((type) => this.#measurements(type)))).flat());
    for (const one of this.#shown) if (!there.has(one)) this.wrong.push(`lost: ${one}`);
  }

  /**
   * Scans all types at once, and looks at what becomes of it until the panel dies, or all is over.
   * @param enough so many ended scans, of which it tells
   */
  watchesScans(enough: number): { readonly enough: Promise<void>; readonly over: Promise<unknown> } {
    const goal = this.sums.done + enough;
    const reached = async () => {
      while (this.sums.done < goal) await delay(LOOK_MS);
    };
    return { enough: reached(), over: Promise.all(TYPES.map((type) => this.#watches(type).catch(ifDied))) };
  }

  /** Into a copy: the panel that starts next must find what the dead one left, its log and all. */
  looksInto(folder: string): void {
    const names = readdirSync(folder).filter((name) => name.startsWith(DATABASE));
    if (names.some((name) => name.includes('damaged'))) this.wrong.push('a file was moved aside');
    const copy = mkdtempSync(join(tmpdir(), 'killed-'));
    for (const name of names) copyFileSync(join(folder, name), join(copy, name));
    const db = new Database(join(copy, DATABASE), { fileMustExist: true });
    const found = db.pragma('integrity_check', { simple: true });
    db.close();
    rmSync(copy, { recursive: true });
    if (found !== 'ok') this.wrong.push(`the file is not sound: ${found}`);
  }

  async #watches(type: string): Promise<void> {
    let job = await this.#owner.scan(`services/${type}`);
    for (let look = 0; ; look++) {
      this.#jobs.set(job.id, job);
      const isOver = job.state !== 'running';
      if (isOver || look % LOOKS === LOOKS - 1) await this.#sees(type);
      if (isOver) break;
      await delay(LOOK_MS);
      job = await this.#owner.job(job.id);
    }
    this.sums.done++;
  }

  async #sees(type: string): Promise<void> {
    for (const one of await this.#measurements(type)) this.#shown.add(one);
    this.sums.attempts = this.#shown.size;
  }

  /** What had ended is as it was told; what had not ended yet is over, one way or the other. */
  async #recalls(told: Job): Promise<void> {
    const now = await this.#owner.job(told.id);
    if (told.state !== 'running') {
      // Who was the best before a scan is said at its end, and kept no longer than the process.
      const lasting = (job: object) => JSON.stringify({ ...job, before: null });
      if (lasting(now) !== lasting(told)) this.wrong.push(`another job: ${JSON.stringify([told, now])}`);
      return;
    }
    const cut = now.state === 'failed' && now.error?.code === 'interrupted' && now.finishedAt !== null;
    if (cut) this.sums.cut++;
    else if (now.state !== 'done') this.wrong.push(`a job that cannot be: ${JSON.stringify(now)}`);
    this.#jobs.set(told.id, now);
  }

  async #measurements(type: string): Promise<string[]> {
    const all = await this.#owner.get<Measurement[]>(`services/${type}/measurements.json`);
    return all.map(({ time, type, provider }) => `${time} ${type} ${provider}`);
  }
}

/** The connection breaks off when the panel dies, at whatever moment. */
function ifDied(error: unknown): void {
  if (!/^(ECONN|EPIPE)/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
}
