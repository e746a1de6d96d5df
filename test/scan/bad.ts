/** Providers that misbehave: each opens TCP and UDP on its address and port, and treats clients in its own bad way. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Member } from '../../plugin/demo/community.js';
import { IDENTITIES, KEY } from '../../plugin/demo/identity.js';
import { NODES, type NodeName } from '../../plugin/demo/members.js';
import { open as openGood } from '../../plugin/demo/servers.js';
import { Sockets } from '../../plugin/demo/sockets.js';
import { bundles, chainOfNames, page } from './hard.js';

export interface Place {
  readonly address: string;
  readonly port: number;
}

export interface Bad extends Place {
  readonly behaves: Behaviour;
}

/** A provider as the demo has them, that does all right. */
export interface Good extends Place {
  readonly good: Pick<Member, 'type' | 'behaves' | 'announces'>;
}

type Talk = (socket: Socket, self: Place, elsewhere: Place) => void;
type Reply = (datagram: Uint8Array) => void;

interface Manner {
  readonly talk: Talk;
  /** Silent where left out. */
  readonly hear?: (question: Buffer, reply: Reply) => void;
}

const KIB_64 = Buffer.alloc(65_536, 'x');
/** Datagrams of 1 kB that one question sets off: sixteen times what a probe may read. */
const FLOOD = 1_024;
const SECOND_MS = 1_000;

/** Writes the piece again and again, as fast as it is read. */
function pour(socket: Socket, piece: Uint8Array | string): void {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

/** One byte a second. */
function drip(socket: Socket, text: string): void {
  let at = 0;
  const drop = () => socket.write(text.charAt(at++ % text.length));
  drop();
  const timer = setInterval(drop, SECOND_MS);
  socket.once('close', () => clearInterval(timer));
}

const asked =
  (answer: (socket: Socket, self: Place, elsewhere: Place) => void): Talk =>
  (socket, self, elsewhere) =>
    void socket.once('data', () => answer(socket, self, elsewhere));

const says = (text: string) => asked((socket) => socket.end(text));

const redirects = (to: (self: Place, elsewhere: Place) => string) =>
  asked((socket, self, elsewhere) => {
    const url = to(self, elsewhere);
    const head = `HTTP/1.1 301 Moved Permanently\r\nLocation: ${url}\r\nRefresh: 0; url=${url}\r\n`;
    socket.end(`${head}Content-Length: 0\r\nConnection: close\r\n\r\n`);
  });

const urlOf = ({ address, port }: Place) => `http://${address}:${port}/`;

/** The question with every count and length in it as large as can be, and what else a reader might believe. */
function lies(question: Buffer, reply: Reply): void {
  reply(Buffer.alloc(0));
  const large = Buffer.concat([question, Buffer.alloc(64, 0xff)]);
  // As DNS: it is an answer, with 65,535 records of each kind.
  if (large.length > 12) large.set([0x85, 0x80, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 2);
  reply(large);
  // As DNS: a name that points to itself.
  reply(Buffer.concat([question.subarray(0, 12), Buffer.from([0xc0, 12, 0, 6, 0, 1, 0xc0, 12])]));
  // As memberlist: LZW that says the same byte for ever, and lists of four thousand million entries in each other.
  const packed = Buffer.alloc(1_000, 0xaa);
  const head = [0x82, 0xa4, ...Buffer.from('Algo'), 0, 0xa3, ...Buffer.from('Buf'), 0xda, packed.length >> 8];
  reply(Buffer.concat([Buffer.from([9, ...head, packed.length & 0xff]), packed]));
  reply(Buffer.concat([Buffer.of(2), Buffer.alloc(1_000, 0xdd)]));
  reply(Buffer.concat([Buffer.of(2), Buffer.from('df00ffffffa1'.repeat(50), 'hex')]));
  // As a streamer: a list of peers that is longer than any datagram.
  reply(Buffer.concat([Buffer.of(1, 1, 1, 0x10, 2), Buffer.alloc(60, 0xff)]));
}

/** Whatever is asked, the answer to it that takes longest to read. */
function labours(socket: Socket): void {
  socket.once('data', (question: Buffer) => {
    if (question[0] === TLS_HANDSHAKE) {
      socket.unshift(question);
      const { cert = '' } = IDENTITIES[0] ?? {};
      const secure = new TLSSocket(socket, { isServer: true, key: KEY, cert: cert.repeat(80), maxVersion: 'TLSv1.2' });
      secure.on('error', () => socket.destroy());
    } else if (question.length > 2 && question.readUInt16BE() === question.length - 2) {
      const answer = chainOfNames(question.subarray(2), 65_000, 4_000);
      socket.write(Buffer.concat([Buffer.of(answer.length >> 8, answer.length & 0xff), answer]));
    } else if (question[0] === MEMBERLIST_PING) pour(socket, bundles);
    else socket.write(page);
  });
}

/** The same by datagrams, as large as they can be, and as many as are read. */
function laboursByDatagram(question: Buffer, reply: Reply): void {
  if (question[0] === MEMBERLIST_PING) for (let sent = 0; sent < 30; sent++) reply(bundles);
  else if (question.length > 12)
    for (let sent = 0; sent < 16; sent++)
      reply(chainOfNames(question, sent === 0 ? 60_000 : 4_000, sent === 0 ? 3_500 : 90));
}

const TLS_HANDSHAKE = 22;
const MEMBERLIST_PING = 0;

const HEAD = 'HTTP/1.1 200 OK\r\nServer: x\r\n';
const SSH = 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n';

const MANNERS = {
  hangs: { talk: () => {} },
  'floods with bytes': {
    talk: (socket) => pour(socket, KIB_64),
    hear: (_, reply) => {
      for (let sent = 0; sent < FLOOD; sent++) reply(KIB_64.subarray(0, 1_024));
    },
  },
  'floods with headers': {
    talk: asked((socket) => {
      socket.write(HEAD);
      pour(socket, `X-More: ${'x'.repeat(200)}\r\n`);
    }),
    hear: (question, reply) => {
      for (let sent = 0; sent < FLOOD; sent++) reply(question);
    },
  },
  'floods with interim answers': { talk: asked((socket) => pour(socket, 'HTTP/1.1 100 Continue\r\n\r\n')) },
  'floods with a body': {
    talk: asked((socket) => {
      socket.write(`${HEAD}Content-Type: text/html\r\n\r\n`);
      pour(socket, KIB_64);
    }),
  },
  'floods once it is believed': {
    talk: asked((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, PB/1.0\r\nConnection: Upgrade\r\n\r\n');
      pour(socket, Buffer.from([22, 3, 3, 0, 1, 0]));
    }),
  },
  'drips a byte a second': {
    talk: (socket) => drip(socket, `${HEAD}Content-Type: text/html\r\n\r\n`),
    hear: (_, reply) => reply(Buffer.of(0)),
  },
  'redirects elsewhere': { talk: redirects((_, elsewhere) => urlOf(elsewhere)) },
  'redirects to a file': { talk: redirects(() => 'file:///etc/hostname') },
  'redirects to itself': { talk: redirects((self) => urlOf(self)) },
  'closes at once': { talk: (socket) => void socket.end() },
  resets: { talk: (socket) => void socket.resetAndDestroy() },
  'speaks another protocol': { talk: (socket) => void socket.write(SSH), hear: (_, reply) => reply(Buffer.from(SSH)) },
  'lies about lengths': {
    talk: says(`${HEAD}Content-Type: text/plain\r\nContent-Length: 99999999999999999999\r\n\r\nNaN -1 1e999`),
    hear: lies,
  },
  'answers with hard work': { talk: labours, hear: laboursByDatagram },
  'answers with nothing': {
    talk: says(`${HEAD}Content-Length: 0\r\n\r\n`),
    hear: (_, reply) => reply(Buffer.alloc(0)),
  },
} satisfies Readonly<Record<string, Manner>>;

export type Behaviour = keyof typeof MANNERS;
export const BEHAVIOURS = Object.keys(MANNERS) as readonly Behaviour[];
/** Over UDP, all others are as silent as the first. */
export const BEHAVIOURS_BY_UDP: readonly Behaviour[] = BEHAVIOURS.filter(
  (one, index) => index === 0 || 'hear' in MANNERS[one],
);

/**
 * Opens all of them.
 * @param elsewhere where those that redirect send people
 */
export async function openBad(places: readonly (Bad | Good)[], elsewhere: Place): Promise<void> {
  const sockets = new Sockets();
  const [node] = Object.keys(NODES) as [NodeName];
  for (const place of places) {
    if ('good' in place) {
      const member: Member = { ...place.good, node, description: '' };
      await openGood(member, { address: place.address, port: place.port, sockets, path: () => 0 });
    } else {
      await Promise.all([listen(place, elsewhere), hear(place)]);
    }
  }
}

async function listen(place: Bad, elsewhere: Place): Promise<void> {
  const { talk }: Manner = MANNERS[place.behaves];
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.resume();
    talk(socket, place, elsewhere);
  });
  server.listen(place.port, place.address);
  await once(server, 'listening');
}

async function hear({ address, port, behaves }: Bad): Promise<void> {
  const { hear }: Manner = MANNERS[behaves];
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.on('message', (question, from) =>
    // A datagram to a closed socket is lost, as in any network.
    hear?.(question, (datagram) => socket.send(datagram, from.port, from.address, () => {})),
  );
  socket.bind(port, address);
  await once(socket, 'listening');
}
