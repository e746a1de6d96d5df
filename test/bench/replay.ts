/**
 * A child that replays a Serf agent: as many members as asked for, each with a tag as real nodes write it.
 * After the first listing it changes one member's tag and sends the update event. Or it replays exactly the services that
 * it is told of, so many of them to a member.
 */
import { execFileSync } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { decodeMulti, encode } from '@msgpack/msgpack';
import { argument, say } from './child.js';

const DESCRIPTIONS: readonly [type: string, description: string, port: string, txt: string][] = [
  [
    'syncthing',
    'Syncthing_instance_running',
    '22000',
    'node_id=MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD',
  ],
  ['dnsservice', 'DNSService_System', '53', ''],
  ['proxy3', 'Proxy3_System', '3128', 'Federated=Yes'],
];

export interface Told {
  readonly s: string;
  readonly i: string;
  readonly p: number;
  readonly t: string;
}

/** Services of one member, where it is told which: an agent takes as long for a member as for its tag. */
const A_MEMBER = 20;

const packed = (entries: readonly unknown[]): string =>
  execFileSync('/usr/bin/bzip2', ['-c'], { input: JSON.stringify(entries) }).toString('base64');

const toldOf = (index: number): string =>
  packed(told.slice(index * A_MEMBER, (index + 1) * A_MEMBER).map((one) => ({ ...one, p: `${one.p}`, e: community })));

/** One to three services a node, all nodes different: 1 to 3 is what fits beside the other tags. */
function tagOf(index: number, change = ''): string {
  const entries = DESCRIPTIONS.slice(0, 1 + (index % 3)).map(([s, d, p, t]) => ({
    s,
    d: `${d}${change}`,
    m: `node${index}.guifi.local`,
    i: `10.${139 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
    p,
    e: community,
    t,
  }));
  return packed(entries);
}

const memberOf = (index: number, services: string) => ({
  Name: `node${index}`,
  Addr: Uint8Array.from([10, 139, (index >> 8) & 255, index & 255]),
  Port: 5000,
  Tags: { services },
  Status: 'alive',
  ProtocolMin: 1,
  ProtocolMax: 5,
  ProtocolCur: 4,
  DelegateMin: 2,
  DelegateMax: 5,
  DelegateCur: 4,
});

interface Request {
  Command?: string;
  Seq?: number;
}

function answer(socket: Socket, { Command, Seq = 0 }: Request, listing: Uint8Array): void {
  const header = encode({ Seq, Error: '' });
  const body = Command === 'members' ? listing : Command === 'stats' ? encode({ agent: { name: 'node0' } }) : null;
  socket.write(body ? Buffer.concat([header, body]) : header);
}

const asked = argument<{ members?: number; community: string; told?: readonly Told[] }>();
const { community, told = [] } = asked;
const count = asked.members ?? Math.ceil(told.length / A_MEMBER);
const tag = asked.members === undefined ? toldOf : tagOf;
const listing = encode({ Members: Array.from({ length: count }, (_, index) => memberOf(index, tag(index))) });
const changed = encode({ Event: 'member-update', Members: [memberOf(1, tagOf(1, '_again'))] });
// As Go does by default: no reply waits for the acknowledgement of the one before.
const server = createServer({ noDelay: true }, (socket) => {
  let stream = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (data) => {
    for (const request of decodeMulti(data) as Iterable<Request>) {
      if (!request.Command) continue;
      if (request.Command === 'stream') stream = request.Seq ?? 0;
      answer(socket, request, listing);
    }
  });
  // Whoever has read the list asks for the change by a signal.
  process.on(
    'SIGUSR2',
    () => socket.writable && socket.write(Buffer.concat([encode({ Seq: stream, Error: '' }), changed])),
  );
});
server.listen(0, '127.0.0.1', () => say(server.address()));
