/** What else may listen on the port of an HTTP service: the same for every such type. */
import { expect, it } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import type { ServiceType } from '../../plugin/services/contract.js';
import { closedPort, context, startPage, tcpServer, webServer } from '../probe/servers.js';

/** @param txt what the provider announces */
export function meetsStrangers(type: ServiceType, txt: ReadonlyMap<string, string> = new Map()): void {
  const probe = (target: Target, of = context()) => type.probe({ ...target, txt }, of);

  it('a closed port is a refusal, one that hangs up has closed, a silent one does not answer in time', async () => {
    const results = await Promise.all(
      [await closedPort(), await tcpServer((socket) => socket.end()), await tcpServer()].map((one) => probe(one)),
    );
    expect(results).toEqual([
      { level: 1, reason: 'refused' },
      { level: 2, reason: 'closed' },
      { level: 2, reason: 'timeout' },
    ]);
  });

  it('the first page of a web server is something else, and so is what speaks no HTTP', async () => {
    expect(await probe(await startPage())).toMatchObject({ level: 2, reason: 'wrong-protocol' });
    for (const words of ['SSH-2.0-OpenSSH_9.2p1\r\n', '<html>It works!</html>']) {
      const other = await tcpServer((socket) => socket.write(words));
      expect(await probe(other)).toEqual({ level: 2, reason: 'wrong-protocol' });
    }
  });

  it('a page without end is left early', async () => {
    const endless = await tcpServer((socket) => {
      const pour = () => {
        while (socket.writable && socket.write('x'.repeat(4_096)));
      };
      socket.on('drain', pour);
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n');
      pour();
    });
    const asked = context();
    const started = performance.now();
    expect(await probe(endless, asked)).toMatchObject({ level: 2, reason: 'wrong-protocol' });
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(asked.traffic.received).toBeLessThan(300_000);
  });

  it('a redirect is not followed', async () => {
    let visits = 0;
    const elsewhere = await tcpServer(() => (visits += 1));
    const redirecting = await webServer((_, response) => {
      response.writeHead(302, { Location: `http://${elsewhere.address}:${elsewhere.port}/` });
      response.end();
    });
    expect(await probe(redirecting)).toEqual({ level: 2, reason: 'wrong-protocol', detail: 'HTTP 302' });
    expect(visits).toBe(0);
  });
}
