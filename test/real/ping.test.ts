/** The path by the real ping: on loopback, over a cable, where no way leads, and with and without the right to ping. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Sample } from '../../plugin/model/sample.js';
import { PACKET_TRAIN_COST, PING_COST, Pinger } from '../../plugin/probe/ping.js';
import { ownAddress } from '../probe/servers.js';
import { Network } from './namespaces.js';

const FILE = join(import.meta.dirname, 'ping-program.ts');
const network = { current: new Network() };
afterEach(async () => {
  await network.current.remove();
  network.current = new Network();
});

/** The path to each address as seen from the namespace, by Node or by a command that ends in it. */
const paths = (name: string, addresses: readonly string[], as: readonly string[] = []) =>
  measuring('path', name, addresses, as);
const widths = (name: string, addresses: readonly string[], as: readonly string[] = []) =>
  measuring('width', name, addresses, as);

async function measuring(what: 'path' | 'width', name: string, addresses: readonly string[], as: readonly string[]) {
  const program = await network.current.node(name, FILE, { args: [what, ...addresses], as });
  let lines: string[] = [];
  await program.says((said) => {
    lines = said.split('\n').slice(0, -1);
    return lines.length === addresses.length;
  });
  return lines.map((line) => JSON.parse(line) as Sample[]);
}

const measured = (samples: readonly Sample[]) => samples.map(({ metric, method }) => `${metric} ${method}`);
const WHOLE = ['rtt ping', 'rtt ping', 'jitter ping', 'loss ping'];

/** Bytes that a narrow cable lets pass at once: little more than one packet. */
const BURST = 700;

/** Longer than the pings take. */
const BUSY_MS = 400;

describe('the real ping', () => {
  it('measures a path by the clock of the kernel: also while our own loop stands still', async () => {
    const pinging = new Pinger().path(ownAddress(), { signal: new AbortController().signal, limitMs: 10_000 });
    for (const until = performance.now() + BUSY_MS; performance.now() < until; );
    const samples = await pinging;
    expect(measured(samples)).toEqual(WHOLE);
    expect(samples.at(-1)?.value).toBe(0);
    const [first, second, difference] = samples.map(({ value }) => value);
    expect(Math.max(Number(first), Number(second))).toBeLessThan(BUSY_MS / 2);
    expect(difference).toBeCloseTo(Math.abs(Number(first) - Number(second)), 6);
  });

  it('knows nothing of a path where no way leads, or where nobody is', async () => {
    const net = network.current;
    for (const name of ['here', 'there', 'alone']) net.add(name);
    net.join(['here', '10.94.0.1/24', 'fd94::1/64'], ['there', '10.94.0.2/24', 'fd94::2/64']);
    const found = await paths('here', ['10.94.0.2', 'fd94::2', '10.94.0.9', '10.99.0.1', 'fd99::1', '::1']);
    expect(found.map(measured)).toEqual([WHOLE, WHOLE, [], [], [], WHOLE]);
    expect((await paths('alone', ['10.94.0.2', 'fd94::2'])).map(measured)).toEqual([[], []]);
  });

  it('costs what it says, over IPv4 and IPv6', async () => {
    network.current.add('here');
    for (const address of ['127.0.0.1', '::1']) {
      const before = loopback(network.current);
      await paths('here', [address]);
      const after = loopback(network.current);
      expect(after.packets - before.packets).toBe(PING_COST.packets);
      expect(after.bytes - before.bytes - PING_COST.packets * ETHERNET).toBeLessThanOrEqual(PING_COST.bytes);
      await widths('here', [address]);
      const later = loopback(network.current);
      expect(later.packets - after.packets).toBe(PACKET_TRAIN_COST.packets);
      expect(later.bytes - after.bytes - PACKET_TRAIN_COST.packets * ETHERNET).toBeLessThanOrEqual(
        PACKET_TRAIN_COST.bytes,
      );
    }
  });

  it.each([
    ['there', 1, 'here'],
    ['there', 4, 'here'],
    ['back', 1, 'there'],
    ['back', 4, 'there'],
  ])('measures how wide a path is that is narrow on the way %s, of %i Mbit/s', async (_, mbps, end) => {
    const net = network.current;
    for (const name of ['here', 'there']) net.add(name);
    net.join(['here', '10.94.0.1/24'], ['there', '10.94.0.2/24']);
    net.exec(end, 'tc', ...`qdisc add dev cable0 root tbf rate ${mbps}mbit burst ${BURST} latency 400ms`.split(' '));
    const found = await widths(
      'here',
      Array.from({ length: 7 }, () => '10.94.0.2'),
    );
    const middle = found.map(([sample]) => Number(sample?.value)).sort((a, b) => a - b)[3];
    // What the burst lets pass at once shortens the first gap by a tenth.
    expect(Number(middle) / (8 / mbps)).toBeGreaterThan(0.8);
    expect(Number(middle) / (8 / mbps)).toBeLessThan(1.25);
  });

  it('needs no capability where the system lets everybody ping, and is known not to work elsewhere', async () => {
    const net = network.current;
    net.add('here');
    // A copy has lost the capability of the file, and whoever starts it here has none to give.
    const bin = mkdtempSync(join(tmpdir(), 'bin-'));
    onTestFinished(() => rmSync(bin, { recursive: true }));
    copyFileSync(execFileSync('sh', ['-c', 'command -v ping'], { encoding: 'utf8' }).trim(), join(bin, 'ping'));
    const as = ['env', `PATH=${bin}:${process.env.PATH}`, 'setpriv', '--bounding-set=-all', '--inh-caps=-all'];
    const allow = (range: string) => net.exec('here', 'sh', '-c', `echo ${range} >/proc/sys/net/ipv4/ping_group_range`);
    allow('1 0');
    expect((await paths('here', ['127.0.0.1', '127.0.0.1'], as)).map(measured)).toEqual([[], []]);
    allow('0 2147483647');
    expect((await paths('here', ['127.0.0.1', '::1'], as)).map(measured)).toEqual([WHOLE, WHOLE]);
    expect((await widths('here', ['127.0.0.1'], as)).map(measured)).toEqual([['width ping-train']]);
  });
});

/** Bytes of the header that loopback counts with each packet, as if it were a cable. */
const ETHERNET = 14;

/** What loopback of `here` has carried so far. */
function loopback(net: Network): { packets: number; bytes: number } {
  const [link] = JSON.parse(net.exec('here', 'ip', '-s', '-j', 'link', 'show', 'lo'));
  return link.stats64.tx;
}
