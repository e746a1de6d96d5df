/** The servers behind the demo's members: one per behaviour, each as small as the part of its protocol that a probe asks for. */
import { createServer as createWeb, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTls, type Server as TlsServer } from 'node:tls';
import { answerQuery, type Kind } from './answers/dns.js';
import { answerUpgrade } from './answers/foolscap.js';
import { answerPing } from './answers/memberlist.js';
import { answerNewcomer, type Chunks } from './answers/ncast.js';
import { answerTime } from './answers/ntp.js';
import { answerOptions } from './answers/sip.js';
import {
  answerCloud,
  answerGraphs,
  answerPanel,
  answerProxy,
  answerSite,
  SOFTWARE,
  type WebAnswer,
} from './answers/web.js';
import type { Member } from './community.js';
import { IDENTITIES, KEY } from './identity.js';
import { overTcp, type Path } from './path.js';
import type { Sockets } from './sockets.js';

/** Where one member lives and how its answers travel. */
interface Place {
  readonly address: string;
  readonly port: number;
  readonly sockets: Sockets;
  readonly path: Path;
}

type Answer = (query: Buffer) => Buffer | null;

const noAnswer: Answer = () => null;
const WEB_PAGE = Buffer.from(
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>It works!</h1>\n',
);
/** A DNS question over TCP is no shorter and no longer than this, bytes. */
const QUESTION = { min: 12, max: 512 };

/** A channel has ten chunks a second, and keeps the last fifty. */
const CHUNK_MS = 100;
const KEPT = 50;

type Server = (member: Member, place: Place) => Promise<void>;

const SERVERS: Readonly<Record<Member['type'], Server>> = {
  dnsservice: nameServer,
  ntp: timeServer,
  other: unknown,
  owncloud: web(answerCloud),
  owp: web(answerPanel),
  peerstreamer: channel,
  proxy3: web(answerProxy),
  serf: gossip,
  snpservice: web(answerGraphs),
  syncthing: syncPeer,
  'tahoe-lafs': introducer,
  tincvpn: tinc,
  voip: exchange,
  web: web(answerSite),
};

/** Opens what a member of that behaviour listens on. */
export async function open(member: Member, place: Place): Promise<void> {
  if (member.behaves === 'dead') return;
  if (member.behaves === 'hangs') await both(place, noAnswer, silent);
  else if (member.behaves === 'lies') await both(place, () => WEB_PAGE, webServer);
  else await SERVERS[member.type](member, place);
}

/** Listens for both transports. */
async function both(place: Place, answer: Answer, caller: (socket: Socket) => void) {
  await Promise.all([place.sockets.tcp(place.address, place.port, caller), datagrams(place, one(answer))]);
}

/** At most one answer. */
function one(answer: Answer): (datagram: Buffer) => readonly Buffer[] {
  return (datagram) => {
    const bytes = answer(datagram);
    return bytes === null ? [] : [bytes];
  };
}

/** Listens for datagrams; each is answered as the path allows. */
function datagrams({ address, port, sockets, path }: Place, answers: (datagram: Buffer) => readonly Buffer[]) {
  return sockets.udp(address, port, (datagram, reply) => {
    for (const bytes of answers(datagram)) {
      const ms = path();
      if (ms !== null) sockets.later(ms, () => reply(bytes));
    }
  });
}

/** Says nothing, and reads on to notice that the caller left. */
function silent(socket: Socket): void {
  socket.resume();
}

function webServer(socket: Socket): void {
  socket.once('data', () => socket.end(WEB_PAGE));
}

async function nameServer({ behaves }: Member, place: Place): Promise<void> {
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
    sockets.later(overTcp(path), () => socket.write(Buffer.concat([prefix, bytes])));
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
      place.sockets.later(overTcp(place.path), () => (bytes ? socket.write(bytes) : socket.end()));
    });
  });
}

/** A channel; on an empty one nothing is shown. Nothing of it listens on TCP. */
function channel({ behaves }: Member, place: Place): Promise<void> {
  const held = (): Chunks | null => {
    if (behaves === 'empty') return null;
    const newest = KEPT + Math.floor(performance.now() / CHUNK_MS);
    return [newest - KEPT + 1, newest];
  };
  return datagrams(place, (question) => answerNewcomer(question, place, held()));
}

/** tinc waits for a name that it knows; only old ones say theirs. */
function tinc({ node, behaves }: Member, place: Place): Promise<void> {
  const greeting = `0 ${node.replaceAll('-', '_')} 17\n`;
  return both(place, noAnswer, (socket) => {
    silent(socket);
    if (behaves === 'old') place.sockets.later(overTcp(place.path), () => socket.write(greeting));
  });
}

function timeServer({ behaves }: Member, place: Place): Promise<void> {
  return datagrams(
    place,
    one((question) => answerTime(question, behaves !== 'breaks', Date.now())),
  );
}

function exchange({ behaves }: Member, place: Place): Promise<void> {
  return datagrams(
    place,
    one((question) => answerOptions(question, behaves !== 'breaks', SOFTWARE.exchange)),
  );
}

/** A service of which nobody knows more than that its port opens. */
function unknown(_: Member, place: Place): Promise<void> {
  return both(place, noAnswer, silent);
}

function web(answer: (request: IncomingMessage, member: Member) => WebAnswer): Server {
  return (member, { address, port, sockets, path }) => {
    const server = createWeb((request, response) => {
      const { status, headers, body } = answer(request, member);
      const last = { 'Content-Length': Buffer.byteLength(body), Connection: 'close' };
      request.resume();
      sockets.later(overTcp(path), () => response.writeHead(status, { ...headers, ...last }).end(body));
    });
    return sockets.tcp(address, port, (socket) => server.emit('connection', socket));
  };
}

/** A foolscap tub: TLS follows its greeting on the same connection. */
function introducer(member: Member, place: Place): Promise<void> {
  const { address, port, sockets, path } = place;
  const secure = tlsServer(member, []);
  const { tub = '' } = announcedBy(member) ?? {};
  return sockets.tcp(address, port, (socket) => {
    socket.once('data', (head) => {
      const { text, ready } = answerUpgrade(head.toString('latin1'), tub);
      // What comes next is for TLS.
      if (ready) socket.pause();
      sockets.later(overTcp(path), () => {
        if (!ready) return void socket.end(text);
        socket.write(text);
        shakeHands(socket, secure, place);
      });
    });
  });
}

/** TLS as Syncthing's block exchange protocol begins. */
function syncPeer(member: Member, place: Place): Promise<void> {
  const secure = tlsServer(member, ['bep/1.0']);
  return place.sockets.tcp(place.address, place.port, (socket) => shakeHands(socket, secure, place));
}

/** Answers the caller's first words of TLS as late as the path says: loopback itself has no delay. */
function shakeHands(socket: Socket, secure: TlsServer, { sockets, path }: Place): void {
  socket.once('readable', () =>
    sockets.later(overTcp(path), () => socket.destroyed || secure.emit('connection', socket)),
  );
}

const announcedBy = ({ announces = 0 }: Member) => IDENTITIES[announces];

/** TLS for connections that are handed to it; an impostor shows a certificate that nobody announces. */
function tlsServer(member: Member, protocols: string[]): TlsServer {
  const identity = member.behaves === 'impostor' ? IDENTITIES.at(-1) : announcedBy(member);
  const tls = createTls({ key: KEY, ...(identity ? { cert: identity.cert } : {}), ALPNProtocols: protocols });
  tls.on('tlsClientError', (_, socket) => socket.destroy());
  tls.on('secureConnection', (socket) => socket.on('error', () => socket.destroy()));
  return tls;
}
