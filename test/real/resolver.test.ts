/** The lines for resolv.conf, used as they are: the system's own resolver finds guifi.net's names by them. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import dnsservice from '../../plugin/services/dnsservice/index.js';
import { provider } from '../services/providers.js';
import { Network, type Program } from './namespaces.js';
import { NAMED_READY, setUpNamed } from './programs.js';

const BEST = ['10.93.0.2', 'fd93::3'];
const NAME = 'node7--1234.ip.guifi.net';
const net = new Network();
const folders: string[] = [];
const servers: Program[] = [];

beforeAll(async () => {
  net.add('here');
  net.add('there');
  net.join(['here', '10.93.0.1/24', 'fd93::1/64'], ['there', '10.93.0.2/24', 'fd93::3/64']);
  for (const address of BEST) {
    const { dir, args } = setUpNamed({ address, port: 53 });
    folders.push(dir);
    const server = net.run('there', 'named', ...args);
    await server.says((said) => NAMED_READY.test(said));
    servers.push(server);
  }
});
afterAll(async () => {
  await net.remove();
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
});

/** What the panel offers to copy to whoever chose the best of them. */
function copiedLines(): string {
  const [chosen, ...others] = BEST.map((address) => provider({ type: dnsservice.id, address, port: 53 }));
  const steps = chosen ? dnsservice.use(chosen, [chosen, ...others]) : [];
  const text = steps.flatMap((step) => (step.kind === 'copy' ? step.text : [])).find((one) => /^nameserver/m.test(one));
  return text ?? '';
}

/** What programs of that machine are told about the name; `ip netns exec` has mounts of its own. */
function looksUp(name: string, lines: string): string {
  const file = join(folders[0] ?? '', 'resolv.conf');
  writeFileSync(file, `${lines}\n`);
  const script = 'mount --bind "$1" /etc/resolv.conf && { getent hosts "$2" || echo "not found"; }';
  return net.exec('here', 'sh', '-c', script, 'sh', file, name).trim();
}

describe('the lines for resolv.conf', () => {
  it('are both servers, and resolve names and addresses of guifi.net', () => {
    expect(copiedLines()).toBe('nameserver 10.93.0.2\nnameserver fd93::3');
    expect(looksUp(NAME, copiedLines())).toMatch(new RegExp(`^10\\.139\\.40\\.22\\s+${NAME}$`));
    expect(looksUp('10.139.40.22', copiedLines())).toMatch(new RegExp(`^10\\.139\\.40\\.22\\s+${NAME}$`));
    expect(looksUp('nobody--1.ip.guifi.net', copiedLines())).toBe('not found');
  });

  it('still do when the first server is down: that is what the second is for', async () => {
    await servers[0]?.stop();
    const [first = ''] = copiedLines().split('\n');
    expect(looksUp(NAME, first)).toBe('not found');
    expect(looksUp(NAME, copiedLines())).toMatch(/^10\.139\.40\.22\s/);
  });
});
