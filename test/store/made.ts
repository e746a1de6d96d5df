/** Folders, rows and child processes for the tests of the store. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import type { Answered, Unanswered } from '../../plugin/model/attempt.js';
import { AT_REST, type Job } from '../../plugin/model/job.js';
import { openStore, type Store } from '../../plugin/store/index.js';

export const NOW = Date.UTC(2026, 10, 23, 12);
export const DAY = 24 * 3_600_000;
const ROOT = join(import.meta.dirname, '..', '..');

/** Path of a database in a folder of its own, which is gone after the test. */
export function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'panel.sqlite');
}

/** An open store that is closed after the test, by the clock NOW. */
export function opened(path: string, now: () => number = () => NOW): Store {
  const store = openStore(path, now);
  onTestFinished(() => store.close());
  return store;
}

export const answered = (at: number, more: Partial<Answered> = {}): Answered => ({
  provider: 'p1',
  type: 't',
  at,
  bytes: 300,
  reason: null,
  level: 4,
  samples: [
    { metric: 'answer', value: 12.345678901, method: 'udp' },
    { metric: 'loss', value: 0, method: 'udp' },
  ],
  facts: { software: `<b>unbound</b> "1.17" 'ñ'` },
  ...more,
});
export const failed = (at: number, more: Partial<Unanswered> = {}): Unanswered => ({
  provider: 'p1',
  type: 't',
  at,
  bytes: 60,
  reason: 'wrong-identity',
  level: 3,
  detail: 'it is someone else',
  ...more,
});

export function job(id: string, more: Partial<Job> = {}): Job {
  const startedAt = new Date(NOW - 60_000).toISOString();
  const begun = { id, kind: 'scan', type: 't', provider: null, state: 'running', done: 0, total: 9 } as const;
  return { ...AT_REST, ...begun, startedAt, finishedAt: null, error: null, ...more };
}

/** This TypeScript as a program for `run`; `openStore`, `path` (its first argument) and `say` are in its scope. */
export async function bundled(code: string): Promise<string> {
  const contents = `
    import { writeSync } from 'node:fs';
    import { openStore } from './plugin/store/index.ts';
    const path = process.argv[2];
    const say = (line) => writeSync(1, line + '\\n');
    ${code}`;
  const bundle = await build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    external: ['better-sqlite3'],
  });
  return bundle.outputFiles[0]?.text ?? '';
}

/** Runs the program as a process of its own, below `around` (a command that starts another). Killed after the test. */
export function run(program: string, args: readonly string[], around: readonly string[] = []) {
  const [command = '', ...rest] = [...around, process.execPath, '--input-type=module', '-', ...args];
  const child = spawn(command, rest, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.end(program);
  return { child, lines: createInterface(child.stdout) };
}

/** Both at once. */
export async function inChild(path: string, code: string): Promise<{ child: ChildProcess; lines: Interface }> {
  return run(await bundled(code), [path]);
}

/** Resolves with the exit code, or null where a signal ended it. */
export async function exit(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
