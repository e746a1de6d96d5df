/** The probes against the programs that run on real nodes. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { decode } from '@msgpack/msgpack';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lzwDecode } from '../../plugin/lib/lzw.js';
import type { Target } from '../../plugin/probe/index.js';
import dnsservice from '../../plugin/services/dnsservice/index.js';
import serf from '../../plugin/services/serf.js';
import syncthing from '../../plugin/services/syncthing/index.js';
import { ownCost } from '../costs.js';
import { context, ownAddress, target } from '../probe/servers.js';
import { type Program, startNamed, startSerf, startSyncthing, startUnbound } from './programs.js';

const running: Program[] = [];
async function keep<T extends Program>(starting: Promise<T>): Promise<T> {
  const program = await starting;
  running.push(program);
  return program;
}
afterAll(() => Promise.all(running.map((program) => program.stop())));

describe('dnsservice', () => {
  it('BIND with the zones of guifi.net is who it claims to be', async () => {
    const generatedAt = new Date('2026-01-02T03:04:05.000Z');
    const asked = context();
    const result = await dnsservice.probe(target(await keep(startNamed({ generatedAt }))), asked);
    expect(result).toMatchObject({
      level: 4,
      facts: { zones: 'guifi.net', recursion: 'yes', updated: generatedAt.toISOString() },
    });
    expect(result.samples?.map(({ metric }) => metric)).toEqual(['answer', 'loss', 'resolves', 'zones', 'age']);
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(dnsservice.cost.bytes);
  });

  it('unbound, which answers for the same zone by itself, is a generic resolver', async () => {
    const unbound = await keep(startUnbound({ address: ownAddress() }));
    expect(await dnsservice.probe(target(unbound), context())).toMatchObject({
      level: 3,
      samples: [
        { metric: 'answer' },
        { metric: 'loss', value: 0 },
        { metric: 'resolves' },
        { metric: 'zones', value: 0 },
      ],
      facts: { zones: 'generic' },
    });
  });

  it('unbound that does not serve us refuses, without a number', async () => {
    const unbound = await keep(startUnbound({ address: ownAddress(), access: 'refuse' }));
    const result = await dnsservice.probe(target(unbound), context());
    expect(result).toEqual({ level: 3, reason: 'refuses-me', detail: 'REFUSED' });
  });
});

describe('syncthing', () => {
  let peer: Awaited<ReturnType<typeof startSyncthing>>;
  beforeAll(async () => {
    peer = await keep(startSyncthing({ address: ownAddress() }));
  });
  const probe = (id: string, of = context()) => syncthing.probe(target(peer, { txt: new Map([['node_id', id]]) }), of);

  it('with the announced ID is who it claims to be, for less than the probe may cost', async () => {
    const asked = context();
    const result = await probe(peer.deviceId, asked);
    expect(result).toMatchObject({ level: 4, facts: { id: peer.deviceId } });
    expect(result.samples?.map(({ metric }) => metric)).toEqual(['rtt', 'handshake']);
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(ownCost(syncthing).bytes);
  });

  it('with another ID than announced is another, and tells which', async () => {
    const other = 'MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD';
    expect(await probe(other)).toEqual({ level: 3, reason: 'wrong-identity', detail: `it is ${peer.deviceId}` });
  });
});

describe('serf', () => {
  /** As Cloudy names its nodes: longer than the short strings of old MsgPack. */
  const NAME = '0123456789abcdef0123456789abcdef-guifi-node7-10.139.40.22:5000';
  const agent = (flags: readonly string[] = []) => keep(startSerf({ address: ownAddress(), name: NAME, flags }));
  const probe = (agentOf: Program, more: Partial<Target> = {}) =>
    serf.probe(target(agentOf, { node: NAME, ...more }), context());

  it.each([
    ['plain', []],
    ['with the flags of Cloudy, just started', ['-protocol=4', '-profile=wan']],
  ])('an agent %s identity confirmed', async (_, flags) => {
    expect(await probe(await agent(flags))).toMatchObject({
      level: 4,
      samples: [
        { metric: 'rtt', method: 'serf-ping' },
        { metric: 'loss', value: 0 },
      ],
    });
  });

  it('an agent of another name is another', async () => {
    expect(await probe(await agent(), { node: 'somebody-else' })).toMatchObject({ level: 3, reason: 'wrong-identity' });
  });

  it('an agent with a gossip key is silent, and its port open', async () => {
    const encrypted = await agent(['-encrypt=MDEyMzQ1Njc4OWFiY2RlZg==']);
    expect(await probe(encrypted)).toMatchObject({ level: 2, reason: 'timeout' });
  });

  it('what an agent compresses beyond the first code width is read', async () => {
    // Hexadecimal noise, so that the codes run out of nine bits; all tags together must stay below 512 bytes.
    const noise = ['a', 'b', 'c'].map((tag) => createHash('sha512').update(tag).digest('hex'));
    const packed = await packedStateOf(await agent(noise.map((text, index) => `-tag=t${index}=${text}`)));
    const codesOfNineBits = 512 - 258;
    expect(packed.length).toBeGreaterThan((codesOfNineBits * 9) / 8);
    const state = lzwDecode(packed, 10_000).toString('latin1');
    expect([NAME, ...noise].filter((text) => !state.includes(text))).toEqual([]);
  });
});

/** An agent's whole state, asked for without joining (TCP, message 6), as it compresses it. */
async function packedStateOf({ address, port }: Program): Promise<Uint8Array> {
  const socket = connect({ host: address, port });
  const request = Buffer.concat([
    Buffer.of(6, 0x83),
    Buffer.from('\xa5Nodes\x00\xacUserStateLen\x00\xa4Join\xc2', 'latin1'),
  ]);
  socket.write(request);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const answer = Buffer.concat(chunks);
  return (decode(answer.subarray(1), { rawStrings: true }) as { Buf: Uint8Array }).Buf;
}
