/** One question to a daemon: over a socket, a line at a time, or as a file. Bounded in size; the caller's signal bounds the time. */
import { type FileHandle, open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import type { Place } from './contract.js';

/** Most that is read of an answer, bytes: some ten thousand routes as JSON. */
export const ANSWER_CAP = 8 * 1024 * 1024;
/** How much of the end of what was received may tell that an answer is whole, bytes. */
const TAIL = 256;

/** @throws Error where the place is not a socket, or does not take connections */
export async function converse(place: Place, signal: AbortSignal): Promise<Conversation> {
  const socket = connect('path' in place ? { path: place.path } : { host: place.host, port: place.port });
  const conversation = new Conversation(socket, signal);
  await conversation.opened;
  return conversation;
}

class Conversation {
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #tail = '';
  #isOver = false;
  #error: Error | null = null;
  #wake: () => void = () => {};

  constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    const fail = (error: Error) => this.#end(error);
    const onAbort = () => fail(new Error('no answer in time'));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(new Error(error.code ?? error.message)));
    socket.on('end', () => this.#end(null));
    socket.on('close', () => {
      signal.removeEventListener('abort', onAbort);
      this.#end(null);
    });
    this.opened = new Promise((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('close', () => reject(this.#error ?? new Error('it closes the connection')));
    });
    if (signal.aborted) onAbort();
  }

  /** What it has said since the last call, once `end` fits the last of it; where `end` is left out, once it has hung up. */
  async answer(end?: RegExp): Promise<string> {
    while (!(end?.test(this.#tail) || this.#isOver)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#error) throw this.#error;
    if (end && !end.test(this.#tail)) throw new Error('it hung up before the end of its answer');
    const text = Buffer.concat(this.#chunks.splice(0)).toString();
    this.#tail = '';
    return text;
  }

  say(text: string): void {
    this.#socket.write(text);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > ANSWER_CAP) {
      this.#end(new Error(`its answer is larger than ${ANSWER_CAP >> 20} MiB`));
      return;
    }
    this.#chunks.push(chunk);
    this.#tail = (this.#tail + chunk.subarray(-TAIL).toString('latin1')).slice(-TAIL);
    this.#wake();
  }

  #end(error: Error | null): void {
    this.#error ??= error;
    this.#isOver = true;
    if (error) this.#socket.destroy();
    this.#wake();
  }
}

/** The file as text. @throws Error where it is too large, or cannot be read */
export async function readCapped(path: string): Promise<string> {
  // A pipe would not end.
  const file: FileHandle = await open(path, 'r');
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > ANSWER_CAP)
      throw new Error(`${path} is no file of at most ${ANSWER_CAP >> 20} MiB`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** @throws Error where the place is not an address; the option allows both */
export function pathOf(place: Place): string {
  if ('path' in place) return place.path;
  throw new Error('it is read from a path of this machine');
}
