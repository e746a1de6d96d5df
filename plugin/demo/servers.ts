/** The servers behind the demo's members: one per behaviour, each as small as the part of its protocol that a probe asks for. */
import type { Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { answerQuery, type Kind } from './dns.js';
import { IDENTITIES, KEY } from './identity.js';
import { answerPing } from './memberlist.js';
import type { Behaviour, Member } from './members.js';
import type { Path } from './path.js';
import type { Sockets } from './sockets.js';

/** Where one member lives and how its answers travel. */
export interface Place {
  readonly address: string;
  readonly port: number;
  readonly sockets: Sockets;
  readonly path: Path;
}

type Answer = (query: Buffer) => Buffer | null;

const NOTHING: Answer = () => null;
const WEB_PAGE = Buffer.from(
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>It works!</h1>\n',
);
/** A DNS question over TCP is no shorter and no longer than this, bytes. */
const QUESTION = { min: 12, max: 512 };

/** Opens what a member of that behaviour listens on. */
export async function open(member: Member, place: Place): Promise<void> {
  if (member.behaves === 'dead') return;
  if (member.behaves === 'hangs') await both(place, NOTHING, silent);
  else if (member.behaves === 'lies') await both(place, () => WEB_PAGE, webServer);
  else if (member.type === 'dnsservice') await nameServer(member.behaves, place);
  else if (member.type === 'serf') await gossip(member, place);
  else if (member.type === 'syncthing') await syncPeer(member, place);
  else await both(place, NOTHING, silent);
}

/** Listens for both transports; datagrams are answered as the path allows. */
async function both({ address, port, sockets, path }: Place, answer: Answer, caller: (socket: Socket) => void) {
  const onDatagram = (datagram: Buffer, reply: (bytes: Buffer) => void) => {
    const bytes = answer(datagram);
    const ms = path();
    if (bytes !== null && ms !== null) sockets.later(ms, () => reply(bytes));
  };
  await Promise.all([sockets.tcp(address, port, caller), sockets.udp(address, port, onDatagram)]);
}

/** Says nothing, and reads on to notice that the caller left. */
function silent(socket: Socket): void {
  socket.resume();
}

function webServer(socket: Socket): void {
  socket.once('data', () => socket.end(WEB_PAGE));
}

async function nameServer(behaves: Behaviour, place: Place): Promise<void> {
  const kind: Kind = behaves === 'generic' ? 'generic' : behaves === 'hijacks' ? 'hijacker' : 'guifi';
  // The zones were generated when the demo began.
  const serial = Math.floor(Date.now() / 1000);
  const answer: Answer = (query) => answerQuery(query, kind, serial);
  await both(place, answer, (socket) => questions(socket, place, answer));
}

/** DNS over TCP: each message follows its length in two bytes (RFC 1035 §4.2.2). */
function questions(socket: Socket, { sockets, path }: Place, answer: Answer): void {
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    if (received.length < 2) return;
    const length = received.readUInt16BE();
    if (length < QUESTION.min || length > QUESTION.max) socket.destroy();
    if (received.length < 2 + length) return;
    const bytes = answer(received.subarray(2, 2 + length));
    received = received.subarray(2 + length);
    if (bytes === null) return void socket.destroy();
    const prefix = Buffer.from([bytes.length >> 8, bytes.length & 0xff]);
    sockets.later(path() ?? 0, () => socket.write(Buffer.concat([prefix, bytes])));
  });
}

/** A Serf agent; an impostor has another name than the one announced, and agents are silent when called by a wrong name. */
export async function gossip({ node, behaves }: Pick<Member, 'node' | 'behaves'>, place: Place): Promise<void> {
  const name = behaves === 'impostor' ? 'somebody-else' : node;
  const answer: Answer = (ping) => answerPing(ping, name);
  await both(place, answer, (socket) => {
    // Over TCP an agent that is called by a wrong name hangs up.
    socket.once('data', (ping) => {
      const bytes = answer(ping);
      place.sockets.later(place.path() ?? 0, () => (bytes ? socket.write(bytes) : socket.end()));
    });
  });
}

/** TLS as Syncthing's block exchange protocol begins; an impostor shows a certificate that nobody announces. */
async function syncPeer({ behaves, announces = 0 }: Member, { address, port, sockets, path }: Place): Promise<void> {
  const identity = behaves === 'impostor' ? IDENTITIES.at(-1) : IDENTITIES[announces];
  const tls = createTls({ key: KEY, ...(identity ? { cert: identity.cert } : {}), ALPNProtocols: ['bep/1.0'] });
  tls.on('tlsClientError', (_, socket) => socket.destroy());
  tls.on('secureConnection', (socket) => socket.on('error', () => socket.destroy()));
  // The delay of the path goes before the handshake: loopback itself has none.
  await sockets.tcp(address, port, (socket) =>
    sockets.later(path() ?? 0, () => socket.destroyed || tls.emit('connection', socket)),
  );
}
