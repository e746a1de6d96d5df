/** A stand-in for a Serf agent's RPC, for what a real one does not do on demand: hanging, lying, flooding, dying. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { decodeMultiStream, encode } from '@msgpack/msgpack';
import type { AgentAddress } from '../../plugin/serf/connection.js';

/** Commands that come with a body. */
const WITH_BODY = ['handshake', 'auth', 'stream', 'stop', 'tags', 'query', 'get-coordinate', 'join'];

interface Header {
  readonly Command: string;
  readonly Seq: number;
}

export interface Request {
  readonly command: string;
  readonly seq: number;
  readonly body: unknown;
}

/** Answers one request; what it does not answer hangs. */
export type Script = (request: Request, socket: Socket) => void;

export interface FakeAgent {
  readonly address: AgentAddress;
  /** Connections so far. */
  readonly sockets: readonly Socket[];
  close(): Promise<void>;
}

export async function fakeAgent(script: Script): Promise<FakeAgent> {
  const sockets: Socket[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    void serve(socket, script);
  });
  server.listen(0, '127.40.1.1');
  await once(server, 'listening');
  return {
    address: { host: '127.40.1.1', port: (server.address() as AddressInfo).port },
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(socket: Socket, script: Script): Promise<void> {
  let header: Header | null = null;
  try {
    for await (const object of decodeMultiStream(socket)) {
      const body = header ? object : null;
      const { Command: command, Seq: seq }: Header = header ?? (object as Header);
      header = null;
      if (body === null && WITH_BODY.includes(command)) header = { Command: command, Seq: seq };
      else script({ command, seq, body }, socket);
    }
  } catch {
    // The other side went away in the middle.
  }
}

/** The bytes of a reply: header, and body where there is one. */
export function reply(seq: number, body?: unknown, error = ''): Buffer {
  return Buffer.concat([encode({ Seq: seq, Error: error }), ...(body === undefined ? [] : [encode(body)])]);
}

/** A member as an agent tells it. */
export function member(name: string, services: string, status = 'alive'): object {
  return { Name: name, Addr: Uint8Array.of(127, 40, 2, 1), Port: 7946, Tags: { services }, Status: status };
}

/** Answers like an agent with these members; commands in `instead` are answered, or left hanging, by that script. */
export function agentOf(members: readonly object[], instead: Record<string, Script> = {}): Script {
  const bodies: Record<string, unknown> = { members: { Members: members }, stats: { agent: { name: 'node0' } } };
  return (request, socket) => {
    const script = instead[request.command];
    if (script) script(request, socket);
    else socket.write(reply(request.seq, bodies[request.command]));
  };
}
