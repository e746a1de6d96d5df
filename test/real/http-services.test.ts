/** Proxies and introducers against the programs that run on real nodes. */
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ProbeContext } from '../../plugin/probe/index.js';
import proxy3 from '../../plugin/services/proxy3.js';
import tahoe from '../../plugin/services/tahoe-lafs.js';
import { ownCost } from '../costs.js';
import { context, ownAddress, target } from '../probe/servers.js';
import { Relay } from '../relay.js';
import { type Program, startFoolscap, startSquid } from './programs.js';
import { total, wire } from './wire.js';

const running: Program[] = [];
async function keep<T extends Program>(starting: Promise<T>): Promise<T> {
  const program = await starting;
  running.push(program);
  return program;
}
afterAll(() => Promise.all(running.map((program) => program.stop())));

const rtt = { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' };
const ttfb = { metric: 'ttfb', value: expect.any(Number), method: 'http' };
/** A packet's headers, bytes: IPv4 and TCP with time stamps. */
const HEADERS = 52;

describe('squid', () => {
  const ACCOUNT = { user: 'anna', password: 'one account for all' };
  const software = expect.stringMatching(/^squid\//);

  /** The result, and whether what went over the wire was within the cost declared. */
  async function ask(squid: Program, more: Partial<ProbeContext> = {}) {
    const relay = await Relay.open({ to: squid, address: ownAddress() });
    onTestFinished(() => relay.close());
    const result = await proxy3.probe(target({ address: relay.address, port: relay.port }), { ...context(), ...more });
    const { packets, bytes } = total(relay.conversations().map(wire));
    const stated = total([ownCost(proxy3), ...(more.account && proxy3.askedCost ? [proxy3.askedCost] : [])]);
    return { result, within: packets <= stated.packets && bytes <= stated.bytes };
  }

  it('that wants a login works, and lets in those who have an account', async () => {
    const squid = await keep(startSquid({ address: ownAddress(), account: ACCOUNT }));
    const facts = { login: 'yes', software, realm: 'guifi-proxy3 federated' };
    const known = { level: 3, samples: [rtt, ttfb], facts };
    expect(await ask(squid)).toEqual({ result: known, within: true });
    expect(await ask(squid, { account: ACCOUNT })).toEqual({ result: { ...known, level: 5 }, within: true });
    const mistaken = await ask(squid, { account: { ...ACCOUNT, password: 'another' } });
    expect(mistaken).toEqual({ result: { ...known, facts: { ...facts, account: 'refused' } }, within: true });
  });

  it('that is open works, and fetches nothing', async () => {
    const squid = await keep(startSquid({ address: ownAddress(), access: 'open' }));
    // It has no name server: to look for the name would take it long.
    const result = { level: 3, samples: [rtt, ttfb], facts: { login: 'no', software } };
    expect(await ask(squid)).toEqual({ result, within: true });
  });

  it('that serves others refuses, without a number', async () => {
    const squid = await keep(startSquid({ address: ownAddress(), access: 'closed' }));
    const result = { level: 3, reason: 'refuses-me', detail: 'HTTP 403' };
    expect(await ask(squid)).toEqual({ result, within: true });
  });
});

describe('foolscap', () => {
  it('is who it announces, another, or just foolscap, for less than the probe may cost', async () => {
    const introducer = await keep(startFoolscap({ address: ownAddress() }));
    const id = /^pb:\/\/(\w+)@/.exec(introducer.furl)?.[1] ?? '';
    const ask = (txt: [string, string][], of = context()) => tahoe.probe(target(introducer, { txt: new Map(txt) }), of);
    const handshake = { metric: 'handshake', value: expect.any(Number), method: 'tls' };
    const itself = { level: 4, samples: [rtt, handshake], facts: { id, tls: 'TLSv1.3' } };
    const asked = context();
    expect(await ask([['furl', introducer.furl]], asked)).toEqual(itself);
    const { sent, received } = asked.traffic;
    expect(sent + received + 15 * HEADERS).toBeLessThan(tahoe.cost.bytes);
    expect(await ask([['', id]])).toEqual(itself);
    expect(await ask([])).toEqual({ level: 3, samples: [rtt], facts: {} });
    expect(await ask([['', 'b'.repeat(32)]])).toEqual({
      level: 3,
      reason: 'wrong-identity',
      detail: 'it does not know that tub',
    });
  });
});
