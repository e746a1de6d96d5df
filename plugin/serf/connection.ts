/**
 * A connection to a Serf agent's RPC: sends requests, and matches replies to them. A request is a header `{Command, Seq}`
 * and usually a body; a reply is a header `{Seq, Error}` and usually a body. Objects follow each other unframed.
 * Wire: https://github.com/hashicorp/serf/blob/master/docs/agent/rpc.html.markdown
 */
import { connect, type Socket } from 'node:net';
import { decodeMultiStream, encode } from '@msgpack/msgpack';
import { joinHostPort } from '../lib/address.js';
import { PanelError } from '../model/errors.js';
import { type Fields, isFields, readText } from './fields.js';
import { Guard } from './guard.js';

export interface AgentAddress {
  readonly host: string;
  readonly port: number;
}

export interface OpenOptions {
  /** Limit of connecting, ms. */
  readonly limitMs?: number;
  /** Closes the connection, even while it is being made. */
  readonly signal?: AbortSignal;
}

/** Default limit of connecting and of one call, ms. */
export const CALL_LIMIT_MS = 5_000;

interface Call {
  readonly command: string;
  readonly hasBody: boolean;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (body: Fields) => void;
  readonly reject: (error: PanelError) => void;
}

export class Connection {
  /** Resolves with the reason once the connection is lost or closed. */
  readonly closed: Promise<PanelError>;
  readonly #resolveClosed: (why: PanelError) => void;
  readonly #socket: Socket;
  readonly #agent: string;
  readonly #calls = new Map<number, Call>();
  readonly #streams = new Map<number, (record: Fields) => void>();
  #seq = 0;
  /** Receives the next object if it is a body. */
  #bodyFor: ((body: Fields) => void) | null = null;
  #lost: PanelError | null = null;

  /** @throws PanelError `serf-away` when nothing listens there, or not in time */
  static async open(address: AgentAddress, { limitMs = CALL_LIMIT_MS, signal }: OpenOptions = {}): Promise<Connection> {
    const connection = new Connection(address, signal);
    await connection.#connected(limitMs);
    return connection;
  }

  private constructor({ host, port }: AgentAddress, signal?: AbortSignal) {
    let resolveClosed: (why: PanelError) => void = () => {};
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#resolveClosed = resolveClosed;
    this.#agent = joinHostPort(host, port);
    this.#socket = connect({ host, port, noDelay: true })
      .on('error', (error) => this.#fail(`does not answer: ${error.message}`, error))
      .on('close', () => this.#fail('closed the connection'));
    void this.#receive();
    const abort = () => this.close();
    signal?.addEventListener('abort', abort, { once: true });
    this.closed.then(() => signal?.removeEventListener('abort', abort));
    if (signal?.aborted) abort();
  }

  #connected(limitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(`does not answer within ${limitMs} ms`), limitMs);
      this.#socket.once('connect', () => {
        clearTimeout(timer);
        resolve();
      });
      this.closed.then((why) => {
        clearTimeout(timer);
        reject(why);
      });
    });
  }

  /**
   * Sends a command and waits for its reply.
   * @returns the body; empty for a command without one
   * @throws PanelError `serf-refused` when the agent answers with an error, `serf-away` when it does not answer in time
   */
  call(command: string, body: Fields | null, hasBody: boolean, limitMs = CALL_LIMIT_MS): Promise<Fields> {
    return this.#request(++this.#seq, command, body, hasBody, limitMs);
  }

  /**
   * Sends a command that is answered by many records, and passes each to the listener.
   * @returns the number of the stream, and a function that stops listening
   */
  async subscribe(
    command: string,
    body: Fields,
    listener: (record: Fields) => void,
  ): Promise<{ readonly seq: number; readonly forget: () => void }> {
    const seq = ++this.#seq;
    const forget = () => this.#streams.delete(seq);
    this.#streams.set(seq, listener);
    try {
      await this.#request(seq, command, body, false, CALL_LIMIT_MS);
    } catch (error) {
      forget();
      throw error;
    }
    return { seq, forget };
  }

  /** Ends the connection and rejects every waiting call. */
  close(why = 'is no longer asked'): void {
    this.#fail(why);
  }

  #request(seq: number, command: string, body: Fields | null, hasBody: boolean, limitMs: number): Promise<Fields> {
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const late = () =>
        this.#settle(seq)?.reject(this.#toAwayError(`did not answer "${command}" within ${limitMs} ms`));
      this.#calls.set(seq, { command, hasBody, timer: setTimeout(late, limitMs), resolve, reject });
      this.#socket.write(encode({ Command: command, Seq: seq }));
      if (body) this.#socket.write(encode(body));
    });
  }

  #settle(seq: number): Call | undefined {
    const call = this.#calls.get(seq);
    clearTimeout(call?.timer);
    this.#calls.delete(seq);
    return call;
  }

  /** Decodes chunk by chunk, so that a list of a thousand members blocks nothing else. */
  async #receive(): Promise<void> {
    const objects = decodeMultiStream<undefined>(guarded(this.#socket), DECODING);
    for (;;) {
      const next = await objects
        .next()
        .catch((error) => this.#fail('sends something else than replies of Serf', error));
      if (this.#lost || !next || next.done) return;
      if (isFields(next.value)) this.#dispatch(next.value);
      else this.#fail('sends something else than replies of Serf');
    }
  }

  #dispatch(fields: Fields): void {
    if (typeof fields.Seq === 'number' && 'Error' in fields) {
      this.#bodyFor = null;
      this.#dispatchHeader(fields.Seq, readText(fields.Error));
      return;
    }
    // A body that nobody awaits belongs to a call that was refused or timed out.
    const bodyFor = this.#bodyFor;
    this.#bodyFor = null;
    bodyFor?.(fields);
  }

  #dispatchHeader(seq: number, error: string): void {
    const call = this.#calls.get(seq);
    if (!call) this.#bodyFor = this.#streams.get(seq) ?? null;
    else if (error !== '') this.#settle(seq)?.reject(refused(call.command, error));
    else if (call.hasBody) this.#bodyFor = (body) => this.#settle(seq)?.resolve(body);
    else this.#settle(seq)?.resolve({});
  }

  #fail(what: string, cause?: unknown): void {
    if (this.#lost) return;
    this.#lost = this.#toAwayError(what, cause);
    this.#socket.destroy();
    for (const seq of [...this.#calls.keys()]) this.#settle(seq)?.reject(this.#lost);
    this.#streams.clear();
    this.#resolveClosed(this.#lost);
  }

  #toAwayError(what: string, cause?: unknown): PanelError {
    const hint = 'Start the agent (systemctl start serf), or set SERF_RPC to the address of its RPC.';
    return new PanelError('serf-away', `The Serf agent at ${this.#agent} ${what}.`, hint, { cause });
  }
}

async function* guarded(socket: Socket): AsyncGenerator<Uint8Array> {
  const guard = new Guard();
  for await (const chunk of socket as AsyncIterable<Uint8Array>) {
    guard.check(chunk);
    yield chunk;
  }
}

function refused(command: string, error: string): PanelError {
  const hint = /auth/i.test(error)
    ? "Set SERF_AUTH_KEY to the agent's rpc_auth key."
    : 'The agent understood and declined; its own log says more.';
  return new PanelError('serf-refused', `The Serf agent refused "${command}": ${error.trim()}.`, hint);
}

/**
 * Strings stay bytes. Field names become text whatever their bytes are. `__proto__`, for which the library refuses the whole
 * object, is a tag name that any member may choose.
 */
const DECODING = {
  rawStrings: true,
  keyDecoder: {
    canBeCached: () => true,
    decode(bytes: Uint8Array, offset: number, length: number): string {
      const name = Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString();
      return name === '__proto__' ? '\0__proto__' : name;
    },
  },
};
