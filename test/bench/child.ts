/** Runs one part of a bench in a process of its own, so that it starts cold and shares its event loop with nobody. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The folder of the built program, where the benches' children lie beside the panel. */
export const BUILT = import.meta.dirname;

/** Starts `name` with one JSON argument. Its first line of JSON on standard output is what it has to say. */
export async function startChild<T>(name: string, argument: unknown): Promise<{ said: T; child: ChildProcess }> {
  const child = spawn(process.execPath, [join(BUILT, `bench-${name}.mjs`), JSON.stringify(argument)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = () => child.kill();
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  for await (const line of createInterface({ input: child.stdout })) return { said: JSON.parse(line) as T, child };
  throw new Error(`${name} ended without a word`);
}

/** Runs a child to its end and gives what it said. */
export async function runChild<T>(name: string, argument: unknown): Promise<T> {
  const { said, child } = await startChild<T>(name, argument);
  await stop(child);
  return said;
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await ended;
}

/** The child's side: its argument, and its one line. */
export const argument = <T>(): T => JSON.parse(process.argv[2] ?? 'null') as T;
export const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
