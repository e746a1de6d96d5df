/**
 * What every type must tell apart, in one table: silence, hanging up, another service; and what a stranger, a delay or an
 * accident may put in place of an answer. Closed ports, dead hosts and floods: test/services.test.ts.
 */
import { createSocket } from 'node:dgram';
import { TLSSocket } from 'node:tls';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode } from 'dns-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isFailed, type ProbeResult } from '../../plugin/probe/index.js';
import docker from '../../plugin/services/Docker/index.js';
import dnsservice from '../../plugin/services/dnsservice/index.js';
import { loadServices } from '../../plugin/services/index.js';
import ipfs from '../../plugin/services/ipfs.js';
import serf from '../../plugin/services/serf.js';
import syncthing from '../../plugin/services/syncthing/index.js';
import webdav from '../../plugin/services/webdav.js';
import { certificate, context, startPage, tcpServer, type UdpFrom, udpServer, webServer } from '../probe/servers.js';

const SLOW_MS = 3_000;
const registry = await loadServices();
const FURTHER = ['Docker', 'ipfs', 'webdav', 'other'].map((word) => registry.of(word));

/** Level and reason, where there is one. */
const told = (result: ProbeResult) => (isFailed(result) ? `${result.level} ${result.reason}` : `${result.level}`);

const WEB = ['2 timeout', '2 closed', '2 wrong-protocol'];
/** Of a silent port, one that hangs up, and a web server with its default page; a later type has these in its own test. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  dnsservice: ['0 timeout', '0 timeout', '2 wrong-protocol'],
  owp: WEB,
  peerstreamer: ['1 timeout', '1 timeout', '2 wrong-protocol'],
  proxy3: WEB,
  serf: ['2 timeout', '2 timeout', '2 wrong-protocol'],
  snpservice: WEB,
  syncthing: WEB,
  'tahoe-lafs': WEB,
  // It is silent before strangers, and a web server waits to be asked: neither proves anything.
  tincvpn: ['2', '2 closed', '2'],
  // Any web application is one, and whatever else is there may be one of another kind.
  Docker: ['2', '2', '3'],
  ipfs: WEB,
  webdav: WEB,
  other: ['2', '2', '2'],
};

describe('every type', () => {
  it('distinguishes silence, hanging up and another service by level and reason', async () => {
    const servers = [await tcpServer(), await tcpServer((socket) => socket.end()), await startPage()];
    const words = [() => {}, () => {}, ({ reply }: UdpFrom) => reply(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))];
    await Promise.all(servers.map((server, index) => udpServer(words[index], server)));
    const types = [...registry.types, ...FURTHER].filter(({ id }) => id in EXPECTED);
    const rows = types.map(async ({ id, probe }) => {
      const results = await Promise.all(servers.map((server) => probe(server, context())));
      return [id, results.map(told)] as const;
    });
    expect(Object.fromEntries(await Promise.all(rows))).toEqual(EXPECTED);
  });
});

/** A name server of guifi.net, as much of it as a probe needs. */
function dnsAnswer(query: Buffer): Buffer {
  const { id = 0, questions = [] } = decode(query);
  const data = { mname: 'ns1.guifi.net', rname: 'nobody.guifi.net', serial: 1_700_000_000 };
  const soa: Answer[] = [{ type: 'SOA', name: '10.in-addr.arpa', data }];
  const known = questions[0]?.type === 'SOA';
  const flags = known ? AUTHORITATIVE_ANSWER : 3;
  return encode({ type: 'response', id, flags, questions, answers: known ? soa : [] });
}

/** An agent's acknowledgement, without anything that may ride in it. */
const serfAnswer = (ping: Buffer) => Buffer.concat([Buffer.from('0281a55365714e6f', 'hex'), ping.subarray(8, 13)]);

/** Asked over UDP; `numberAt` is a byte of the answer that repeats the number of the question. */
const OVER_UDP = [
  { type: dnsservice, answer: dnsAnswer, numberAt: 1, time: 'answer' },
  { type: serf, answer: serfAnswer, numberAt: 12, time: 'rtt' },
];
type Answering = (typeof OVER_UDP)[number];
/** The failures when no valid answer comes; nothing listens over TCP. */
const SILENT = ['0 timeout', '1 refused'];

/** Each type's probe of a server with the given behaviour, all at once. */
function probes(behave: (of: Answering) => (from: UdpFrom) => void): Promise<ProbeResult[]> {
  return Promise.all(OVER_UDP.map(async (of) => of.type.probe(await udpServer(behave(of)), context())));
}
const sampled = ({ samples = [] }: ProbeResult, metric: string) =>
  samples.find((sample) => sample.metric === metric)?.value;
const lost = (results: readonly ProbeResult[]) => results.map((result) => [told(result), sampled(result, 'loss')]);

/** The right answer to a question that was never asked. */
function misnumbered({ answer, numberAt }: Answering, datagram: Buffer): Buffer {
  const wrong = answer(datagram);
  wrong[numberAt] = (wrong[numberAt] ?? 0) ^ 1;
  return wrong;
}

describe('over UDP', () => {
  it('ignores the right answer from another sender, and one that takes three seconds', async () => {
    const forger = createSocket('udp4');
    const timers: NodeJS.Timeout[] = [];
    onTestFinished(() => {
      forger.close();
      timers.forEach(clearTimeout);
    });
    const [forged, late] = await Promise.all([
      probes(
        ({ answer }) =>
          ({ datagram, port }) =>
            forger.send(answer(datagram), port, '127.0.0.1'),
      ),
      probes(({ answer }) => ({ datagram, reply }) => {
        timers.push(setTimeout(() => reply(answer(datagram)), SLOW_MS));
      }),
    ]);
    expect([forged.map(told), late.map(told)]).toEqual([SILENT, SILENT]);
  });

  it('rejects a guessed number, half an answer and an oversized one', async () => {
    const [guessed, half, long] = await Promise.all([
      probes(
        (of) =>
          ({ datagram, reply }) =>
            reply(misnumbered(of, datagram)),
      ),
      probes(
        ({ answer }) =>
          ({ datagram, reply }) =>
            reply(answer(datagram).subarray(0, 7)),
      ),
      probes(
        () =>
          ({ reply }) =>
            reply(Buffer.alloc(60_000, 2)),
      ),
    ]);
    const wrong = ['2 wrong-protocol', '2 wrong-protocol'];
    expect([guessed.map(told), half.map(told)]).toEqual([wrong, wrong]);
    expect(long.map(told)).toEqual(['2 too-large', '2 too-large']);
  });

  it('accepts the right answer after a guessed one, and counts a duplicate once', async () => {
    const [behind, twice] = await Promise.all([
      probes((of) => ({ datagram, reply }) => {
        reply(misnumbered(of, datagram));
        reply(of.answer(datagram));
      }),
      probes(({ answer }) => ({ datagram, reply }) => {
        reply(answer(datagram));
        reply(answer(datagram));
      }),
    ]);
    const whole = [
      ['4', 0],
      ['4', 0],
    ];
    expect([lost(behind), lost(twice)]).toEqual([whole, whole]);
  });

  it('does not time the second question by the late answer to the first', async () => {
    const results = await probes(({ answer }) => {
      let first: Buffer | null = null;
      return ({ datagram, reply }) => {
        if (first === null) first = answer(datagram);
        else {
          reply(first);
          reply(answer(datagram));
        }
      };
    });
    expect(lost(results)).toEqual([
      ['4', 0.5],
      ['4', 0.5],
    ]);
    for (const [index, { time }] of OVER_UDP.entries()) {
      expect(sampled(results[index] as ProbeResult, time)).toBeLessThan(SLOW_MS / 3);
    }
  });
});

describe('a first byte after three seconds', () => {
  const slowest = ({ samples = [] }: ProbeResult) => Math.max(...samples.map(({ value }) => value));

  it('is slow, not dead, over TCP', async () => {
    const web = (headers: Record<string, string>) =>
      webServer((_, response) => void setTimeout(() => response.writeHead(200, headers).end(), SLOW_MS));
    const greeting = Buffer.from('132f6d756c746973747265616d2f312e302e300a072f6e6f6973650a', 'hex');
    const [page, folder, peer, device] = await Promise.all([
      web({}),
      web({ DAV: '1' }),
      tcpServer((socket) => void setTimeout(() => socket.write(greeting), SLOW_MS)),
      tcpServer((socket) => {
        const options = { isServer: true, ALPNProtocols: ['bep/1.0'], ...certificate('one') };
        socket.pause();
        setTimeout(() => new TLSSocket(socket, options).on('error', () => {}), SLOW_MS);
      }),
    ]);
    const results = await Promise.all([
      docker.probe(page, context()),
      webdav.probe(folder, context()),
      ipfs.probe(peer, context()),
      syncthing.probe(device, context()),
    ]);
    expect(results.map(told)).toEqual(['3', '3', '3', '3']);
    for (const result of results) expect(slowest(result)).toBeGreaterThan(SLOW_MS - 100);
  });
});

describe('an answer without end', () => {
  it('is a web application whose head is all that is read', async () => {
    const asked = context();
    const endless = await tcpServer((socket) => {
      const pour = () => {
        while (socket.writable && socket.write('x'.repeat(4_096)));
      };
      socket.on('drain', pour);
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      pour();
    });
    expect(told(await docker.probe(endless, asked))).toBe('3');
    expect(asked.traffic.received).toBeLessThan(300_000);
  });
});
