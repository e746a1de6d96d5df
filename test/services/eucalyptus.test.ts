/** The list of parts as Eucalyptus 4 writes it (`%-20.20s` and `%-10.10s`), with some off, cut, or of something else. */
import { describe, expect, it } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import eucalyptus from '../../plugin/services/eucalyptus/index.js';
import { ownCost } from '../costs.js';
import { context, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';
import { meetsStrangers } from './web-strangers.js';

const line = (name: string, enabled: boolean) => {
  const column = (value: unknown) => String(value).padEnd(10);
  return `name=${name.padEnd(20)} enabled=${column(enabled)} local=${column(true)} initialized=${column(true)}\n`;
};
const list = (parts: Readonly<Record<string, boolean>>) =>
  Object.entries(parts)
    .map(([name, enabled]) => line(name, enabled))
    .join('');

const cloud = (says: string, asked: string[] = []) =>
  webServer(({ url }, response) => {
    asked.push(url ?? '');
    if (url !== '/services/Heartbeat') response.writeHead(404).end();
    else response.writeHead(200, { 'Content-Type': 'text/plain; charset=UTF-8' }).end(says);
  });
const probe = (of: Target, asked = context()) => eucalyptus.probe(of, asked);
const samples = [
  { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
  { metric: 'ttfb', value: expect.any(Number), method: 'http' },
];

describe('eucalyptus', () => {
  it.each(['compute', 'eucalyptus'])('serves where %s is on, within what a probe may cost', async (part) => {
    const asked = context();
    const paths: string[] = [];
    const server = await cloud(list({ bootstrap: true, [part]: true, walrus: false, tokens: true }), paths);
    expect(await probe(server, asked)).toEqual({
      level: 3,
      samples,
      facts: { services: `bootstrap, ${part}, tokens` },
    });
    expect(paths).toEqual(['/services/Heartbeat']);
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(ownCost(eucalyptus).bytes);
  });

  it('one whose part for machines is off has failed', async () => {
    expect(await probe(await cloud(list({ bootstrap: true, compute: false })))).toEqual({
      level: 3,
      reason: 'broken',
      detail: 'compute is off',
    });
  });

  it('a list of more than is read counts as far as it goes', async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`part${at}`, false]));
    const server = await cloud(list({ compute: true, ...many }));
    const asked = context();
    expect(await probe(server, asked)).toMatchObject({ level: 3, facts: { services: 'compute' } });
    expect(asked.traffic.received).toBeLessThan(ownCost(eucalyptus).bytes);
  });

  it.each(['', 'name=compute', 'name=<script> enabled=true local=true\n', `${line('compute', true)}It works!\n`])(
    'a text of something else (%j) is none',
    async (says) => {
      expect(await probe(await cloud(says))).toMatchObject({ level: 2, reason: 'wrong-protocol' });
    },
  );

  it('is used by its address', () => {
    expect(said(eucalyptus.use(provider({ port: 8_773 })))).toEqual(['note', 'http://10.1.2.3:8773/services/compute']);
  });
});

describe('eucalyptus, strangers', () => {
  meetsStrangers(eucalyptus);
});
