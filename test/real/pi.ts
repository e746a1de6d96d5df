/** A Raspberry Pi for the built daemon: a disk and a clock of its own, and boots. Needs root. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from '../daemon.js';

/** Of the package `faketime`, by architecture. */
const FAKETIME = readdirSync('/usr/lib')
  .map((folder) => join('/usr/lib', folder, 'faketime', 'libfaketimeMT.so.1'))
  .find(existsSync);

/** Days from now back to the first minutes of 1970. */
export const IN_1970 = -Math.floor(Date.now() / 86_400_000);

export class Pi {
  readonly folder = mkdtempSync(join(tmpdir(), 'pi-'));
  readonly data = join(this.folder, 'data');
  readonly #clock = join(this.folder, 'clock');
  readonly #boot = join(this.folder, 'boot');
  #mounts = 0;

  constructor() {
    mkdirSync(this.data);
    this.mount('size=4m');
  }

  /** Puts a disk in front of the others. */
  mount(options: string): void {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'disk', this.data]);
    this.#mounts++;
  }

  remount(how: 'ro' | 'rw'): void {
    execFileSync('mount', ['-o', `remount,${how}`, this.data]);
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.data]);
    this.#mounts--;
  }

  /** Sets the clock that many days off. */
  set(days: number): void {
    writeFileSync(this.#clock, `${days < 0 ? '' : '+'}${days}d`);
  }

  /** Starts the machine with its clock that many days off, and the panel on it. */
  async start(days: number, config: Readonly<Record<string, string>>): Promise<Daemon> {
    if (FAKETIME === undefined) throw new Error('the Debian package faketime is missing');
    this.set(days);
    writeFileSync(this.#boot, `${randomUUID()}\n`);
    const own = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';
    const clock = [`FAKETIME_TIMESTAMP_FILE=${this.#clock}`, 'FAKETIME_NO_CACHE=1', 'FAKETIME_DONT_FAKE_MONOTONIC=1'];
    return Daemon.start({
      folder: this.folder,
      config: { DATA_DIR: this.data, ...config },
      before: ['unshare', '--mount', 'sh', '-c', own, this.#boot, 'env', `LD_PRELOAD=${FAKETIME}`, ...clock],
    });
  }

  remove(): void {
    while (this.#mounts > 0) this.unmount();
    rmSync(this.folder, { recursive: true });
  }
}
