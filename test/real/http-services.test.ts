/** Proxies and introducers against the programs that run on real nodes. */
import { afterAll, describe, expect, it } from 'vitest';
import proxy3 from '../../plugin/services/proxy3.js';
import tahoe from '../../plugin/services/tahoe-lafs.js';
import { context, ownAddress, target } from '../probe/servers.js';
import { type Program, startFoolscap, startSquid } from './programs.js';

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
  const FEDERATED = new Map([['Federated', 'Yes']]);
  const OPEN = new Map<string, string>();
  const ask = (squid: Program, txt: ReadonlyMap<string, string>, of = context()) =>
    proxy3.probe(target(squid, { txt }), of);

  it('that wants a login works, for less than the probe may cost whichever way it is asked', async () => {
    const squid = await keep(startSquid({ address: ownAddress() }));
    const facts = { login: 'yes', software: expect.stringMatching(/^squid\//), realm: 'guifi-proxy3 federated' };
    const [head, trace] = [context(), context()];
    expect(await ask(squid, FEDERATED, head)).toEqual({ level: 3, samples: [rtt, ttfb], facts });
    expect(head.traffic.sent + head.traffic.received + 9 * HEADERS).toBeLessThan(1_200);
    expect(await ask(squid, OPEN, trace)).toEqual({ level: 3, samples: [rtt, ttfb], facts });
    const { sent, received } = trace.traffic;
    expect(sent + received + proxy3.cost.packets * HEADERS).toBeLessThan(proxy3.cost.bytes);
  });

  it('that is open works, and fetches nothing, whatever it announces', async () => {
    const squid = await keep(startSquid({ address: ownAddress(), access: 'open' }));
    const facts = { login: 'no', software: expect.stringMatching(/^squid\//) };
    expect(await ask(squid, OPEN)).toEqual({ level: 3, samples: [rtt, ttfb], facts });
    // It has no name server: to look for the name would take it long.
    expect(await ask(squid, FEDERATED)).toEqual({ level: 3, samples: [rtt, ttfb], facts });
  });

  it('that serves others refuses, without a number', async () => {
    const squid = await keep(startSquid({ address: ownAddress(), access: 'closed' }));
    const refused = { level: 3, reason: 'refuses-me', detail: 'HTTP 403' };
    expect(await ask(squid, OPEN)).toEqual(refused);
    expect(await ask(squid, FEDERATED)).toEqual(refused);
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
