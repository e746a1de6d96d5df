/** Relays in a process of their own, so that the test's event loop delays no packet, and packets do not delay the test. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Conversation, Place, RelayOptions } from './relay.js';

export type Order = { readonly id: number } & (
  | { readonly does: 'open'; readonly options: RelayOptions }
  | { readonly does: 'tell'; readonly relay: number }
);
type Opened = { readonly relay: number; readonly port: number };
export interface Answer {
  readonly id: number;
  readonly value: Opened | readonly Conversation[];
}

export interface RemoteRelay extends Place {
  /** Every conversation so far, oldest first. */
  conversations(): Promise<readonly Conversation[]>;
}

/**
 * Lets the process go before others that wait for a processor, where that is permitted: what is tested is the path, not
 * how busy the machine is.
 * @param pid of this process when left out
 */
export function hurry(pid = 0): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // Only root may.
  }
}

export class RelayProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #orders = 0;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    child.on('message', ({ id, value }: Answer) => {
      this.#waiting.get(id)?.(value);
      this.#waiting.delete(id);
    });
  }

  static async start(): Promise<RelayProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'relays-'));
    const outfile = join(folder, 'main.mjs');
    const entryPoints = [join(import.meta.dirname, 'relay-main.ts')];
    await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
    const child = fork(outfile, { execArgv: [] });
    hurry(child.pid);
    return new RelayProcess(child, folder);
  }

  async open(options: RelayOptions): Promise<RemoteRelay> {
    const { relay, port } = await this.#order<Opened>({ does: 'open', options });
    return { address: options.address, port, conversations: () => this.#order({ does: 'tell', relay }) };
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
    rmSync(this.#folder, { recursive: true });
  }

  #order<T>(order: Record<string, unknown>): Promise<T> {
    const id = this.#orders++;
    return new Promise<T>((resolve) => {
      this.#waiting.set(id, resolve as (value: unknown) => void);
      this.#child.send({ id, ...order });
    });
  }
}
