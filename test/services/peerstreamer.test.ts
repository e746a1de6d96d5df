/** PeerStreamer: its own port is never written to; the host is all that is looked at. */
import { describe, expect, it } from 'vitest';
import peerstreamer from '../../plugin/services/peerstreamer.js';
import { closedPort, context, tcpServer, udpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

const alive = {
  level: 1,
  samples: [{ metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' }],
  facts: {},
};

describe('peerstreamer', () => {
  it('a host that refuses TCP there is alive, and so is one that accepts', async () => {
    expect(await peerstreamer.probe(await closedPort(), context())).toEqual(alive);
    expect(await peerstreamer.probe(await tcpServer(), context())).toEqual(alive);
  });

  it('its channel gets no datagram: an unexpected one would end the stream', async () => {
    let datagrams = 0;
    const channel = await udpServer(() => {
      datagrams += 1;
    });
    const probe = context();
    expect(await peerstreamer.probe(channel, probe)).toEqual(alive);
    expect(datagrams).toBe(0);
    expect(probe.traffic).toEqual({ sent: 0, received: 0 });
  });

  it('is watched with two commands', () => {
    expect(said(peerstreamer.use(provider({ port: 6000 })))).toEqual([
      'streamer -i 10.1.2.3 -p 6000 -P 6000 -F null,dechunkiser=udp,port0=1234,addr=127.0.0.1 -I eth0',
      'ffplay udp://127.0.0.1:1234',
    ]);
    expect(peerstreamer.use(provider({ port: null }))).toEqual([]);
  });

  it('does not repeat the address that old nodes announce as its attribute', () => {
    expect(peerstreamer.describe(new Map([['', '10.1.2.3']]))).toEqual([]);
  });
});
