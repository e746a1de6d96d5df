/**
 * The commands of a Serf agent's RPC, typed. Each rejects with a PanelError: `serf-refused` when the agent declines (it
 * closes the connection after an unknown command), `serf-away` when it is gone or too slow.
 */

import { inSlices } from '../lib/slices.js';
import { type AgentAddress, CALL_LIMIT_MS, Connection, type OpenOptions } from './connection.js';
import { type Fields, isFields, readBytes, readFields, readNumber, readText } from './fields.js';
import { type Member, membersIn, readMember } from './member.js';

/** A place in the community's map of round-trip times (Vivaldi); all in seconds. */
export interface Coordinate {
  readonly vec: readonly number[];
  readonly height: number;
  readonly adjustment: number;
  /** Below 0.3 is trustworthy; 1.5 means never measured. */
  readonly error: number;
}

/** An event of the agent's stream; fields that the event lacks are empty. */
export interface AgentEvent {
  /** `member-join`, `member-update`, …, `user`, `query`. */
  readonly event: string;
  readonly members: readonly Member[];
  /** Of a user event or a query. */
  readonly name: string;
  readonly payload: Uint8Array;
  /** Of a query: what `respond` answers to. */
  readonly id: number;
}

interface Query {
  readonly name: string;
  readonly payload?: Uint8Array;
  /** For how long the agent collects answers, ms. */
  readonly timeoutMs: number;
  /** Whether each node acknowledges, even one that has no answer. */
  readonly ack?: boolean;
  /** Only these nodes; all when left out. */
  readonly nodes?: readonly string[];
}

export interface QueryAnswer {
  readonly type: 'ack' | 'response';
  readonly from: string;
  readonly payload: Uint8Array;
}

export class SerfRpc {
  readonly #connection: Connection;

  /**
   * Connects, shakes hands and logs in where a key is given.
   * @param limitMs limit of connecting and of each of the two calls
   */
  static async connect(
    address: AgentAddress,
    { authKey = null, limitMs = CALL_LIMIT_MS, ...options }: OpenOptions & { readonly authKey?: string | null } = {},
  ): Promise<SerfRpc> {
    const connection = await Connection.open(address, { ...options, limitMs });
    try {
      await connection.call('handshake', { Version: 1 }, false, limitMs);
      if (authKey !== null) await connection.call('auth', { AuthKey: authKey }, false, limitMs);
      return new SerfRpc(connection);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Resolves with the reason once the connection is lost or closed. */
  get closed(): Connection['closed'] {
    return this.#connection.closed;
  }

  /** @param why follows the agent's name in the error of waiting calls */
  close(why?: string): void {
    this.#connection.close(why);
  }

  /** All members that the agent knows, including failed ones and those that left recently. */
  async members(): Promise<Member[]> {
    const members: Member[] = [];
    const body = await this.#connection.call('members', null, true);
    if (!isMemberList(body.Members)) {
      this.close('sends something else than its members');
      throw await this.closed;
    }
    await inSlices(body.Members, (value) => members.push(readMember(value)));
    return members;
  }

  /** The agent's counters by section (`agent`, `serf`, `runtime`, `tags`), as text. */
  async stats(limitMs = CALL_LIMIT_MS): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const body = await this.#connection.call('stats', null, true, limitMs);
    const section = (value: unknown) =>
      new Map(Object.entries(readFields(value)).map(([name, text]) => [name, readText(text)]));
    return new Map(Object.entries(body).map(([name, value]) => [name, section(value)]));
  }

  /** The node's coordinate; null when the agent has none. */
  async coordinate(node: string): Promise<Coordinate | null> {
    const body = await this.#connection.call('get-coordinate', { Node: node }, true);
    if (body.Ok !== true) return null;
    const coordinate = readFields(body.Coord);
    return {
      vec: (Array.isArray(coordinate.Vec) ? coordinate.Vec : []).map(readNumber),
      height: readNumber(coordinate.Height),
      adjustment: readNumber(coordinate.Adjustment),
      error: readNumber(coordinate.Error),
    };
  }

  /** Sets and removes tags of this node; the others stay. Refused as a whole beyond 512 bytes of all tags. */
  async setTags(set: Readonly<Record<string, string>>, remove: readonly string[] = []): Promise<void> {
    await this.#connection.call('tags', { Tags: set, DeleteTags: remove }, false);
  }

  /** Joins through these addresses (`ip:port`). @returns how many answered; refused when none did */
  async join(addresses: readonly string[], limitMs = CALL_LIMIT_MS): Promise<number> {
    const body = await this.#connection.call('join', { Existing: addresses, Replay: false }, true, limitMs);
    return readNumber(body.Num);
  }

  /** Sends a user event to all nodes. */
  async event(name: string, payload = new Uint8Array(), coalesce = false): Promise<void> {
    await this.#connection.call('event', { Name: name, Payload: payload, Coalesce: coalesce }, false);
  }

  /** Answers a query from the stream. */
  async respond(id: number, payload: Uint8Array): Promise<void> {
    await this.#connection.call('respond', { ID: id, Payload: payload }, false);
  }

  /**
   * Passes each event of these types to the listener, in order.
   * @returns a function that stops it
   */
  async stream(types: readonly string[], listener: (event: AgentEvent) => void): Promise<() => Promise<void>> {
    const pass = (record: Fields) => listener(readEvent(record));
    const { seq, forget } = await this.#connection.subscribe('stream', { Type: types.join(',') }, pass);
    return async () => {
      forget();
      await this.#connection.call('stop', { Stop: seq }, false);
    };
  }

  /** Asks all nodes and passes each answer to the listener; resolves once the agent stops collecting. */
  async query(
    { name, payload = new Uint8Array(), timeoutMs, ack = false, nodes = [] }: Query,
    listener: (answer: QueryAnswer) => void,
  ): Promise<void> {
    let done = () => {};
    const ended = new Promise<void>((resolve) => {
      done = resolve;
    });
    const pass = (record: Fields) => {
      const type = readText(record.Type);
      if (type === 'done') done();
      else if (type === 'ack' || type === 'response')
        listener({ type, from: readText(record.From), payload: readBytes(record.Payload) });
    };
    const body = { Name: name, Payload: payload, FilterNodes: nodes, RequestAck: ack, Timeout: timeoutMs * 1e6 };
    const { forget } = await this.#connection.subscribe('query', body, pass);
    // The agent ends it by itself; if it does not, the answers so far must do.
    const timer = setTimeout(done, timeoutMs + CALL_LIMIT_MS);
    const lost = await Promise.race([ended, this.closed]);
    clearTimeout(timer);
    forget();
    if (lost) throw lost;
  }
}

/** Anything else would look as if the whole community had left. */
function isMemberList(value: unknown): value is readonly Fields[] {
  return Array.isArray(value) && value.every((member) => isFields(member) && readText(member.Name) !== '');
}

function readEvent(record: Fields): AgentEvent {
  return {
    event: readText(record.Event),
    members: membersIn(record).map(readMember),
    name: readText(record.Name),
    payload: readBytes(record.Payload),
    id: readNumber(record.ID),
  };
}
