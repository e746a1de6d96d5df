/**
 * A dry attempt. Code is compiled when it is first used, for tens of ms on a slow node: as long as a neighbour takes to answer.
 * So the first attempt of a thread is made at sockets of its own, and tells nothing.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { isFailed, type ProbeContext, type Prober, type Target } from '../../probe/index.js';
import { connect } from '../../probe/tcp.js';
import { openUdp } from '../../probe/udp.js';
import type { ServiceType } from '../../services/contract.js';
import { attemptOnce, type Placed } from '../attempt.js';
import { LagGuard } from '../lag.js';

/** How long the type's own probe may try to make sense of an echo, ms. */
const LIMIT_MS = 100;

const HOST = '127.0.0.1';

/** Resolves when it is over, however it went; `limitMs` after its beginning at the latest. */
export async function warmUp({ introduce: _, ...type }: ServiceType, limitMs = LIMIT_MS): Promise<void> {
  const echo = await openEcho().catch(() => null);
  if (echo === null) return;
  const probe: Prober = async (target, context) => {
    await exchange(target, context, limitMs);
    return type.probe(target, context);
  };
  const options = { lag: new LagGuard(), now: Date.now, signal: new AbortController().signal, deadlineMs: limitMs };
  const provider = providerAt(type.id, echo.port);
  await attemptOnce({ ...type, probe }, provider, { ...options, onMistake: () => {} }).catch(() => {});
  echo.close();
}

/** One question and answer over each transport: from an echo, a probe may not come to its second. */
async function exchange(target: Target, context: ProbeContext, limitMs: number): Promise<void> {
  const udp = await openUdp(target, context);
  if (isFailed(udp)) return;
  await udp.ask(() => ({ datagram: Buffer.from('?'), read: () => true }), 1, limitMs);
  udp.close();
  const connection = await connect(target, context, limitMs);
  if (!isFailed(connection)) connection.close();
}

const providerAt = (type: string, port: number): Placed => ({
  ...{ id: '', type, node: '', host: '', address: HOST, port, description: '', community: '', txt: new Map() },
  ...{ gossip: null, sources: [], self: true, barred: null, stale: false, heardAt: 0 },
});

/** Sends back what it gets, over both transports at one port. */
async function openEcho(): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const datagrams = createSocket('udp4');
  datagrams.on('message', (datagram, from) => datagrams.send(datagram, from.port, from.address, () => {}));
  // Where the port is taken for UDP, the dry attempt is half of one.
  datagrams.on('error', () => {});
  datagrams.bind(port, HOST);
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    datagrams.close();
  };
  return { port, close };
}
