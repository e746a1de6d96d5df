/** tinc: old ones say their name, newer ones keep silent before strangers; whatever else talks is none. */
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerPing } from '../../plugin/demo/answers/memberlist.js';
import type { Target } from '../../plugin/probe/index.js';
import tincvpn from '../../plugin/services/tincvpn/index.js';
import { closedPort, context, settledSockets, tcpServer, udpServer } from '../probe/servers.js';
import { stopwatch } from '../stopwatch.js';
import { provider, said } from './providers.js';

const probe = (one: Target, of = context()) => tincvpn.probe(one, of);
const says = (...parts: readonly string[]) =>
  tcpServer((socket) => {
    for (const part of parts) socket.setNoDelay().write(part);
  });
const rtt = { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' };
const silent = { level: 2, samples: [rtt], facts: {} };
/** As this node's own configuration introduces the two. */
const US = new Map([
  ['net', 'mesh'],
  ['name', 'panel_node'],
  ['peer', 'cloudy_1'],
]);
const SESSION = '1 429 672 0 0 0A1B2C\n';
const named = (level: number) => ({ level, samples: [rtt], facts: { name: 'cloudy_1' } });

describe('tincvpn', () => {
  it('a port that opens and stays silent is level 2 with the time of the path', async () => {
    expect(await probe(await tcpServer())).toEqual(silent);
  });

  it('needs both transports open in a firewall', () => {
    expect(tincvpn.transports).toEqual(['tcp', 'udp']);
  });

  it('earns a score from the path alone', () => {
    expect(tincvpn.scoredFrom).toBe(2);
  });

  it.each(['0 cloudy_1 17\n', '0 cloudy_1 17.7\n', '0 cloudy_1 17\n1 94 64 0 0 ABCD\n'])(
    'an old one says its name: %j',
    async (greeting) => {
      expect(await probe(await says(greeting))).toEqual(named(3));
    },
  );

  it('with the announced name is who it claims to be, with another it is another', async () => {
    const old = await says('0 cloudy_1 17\n');
    const announcing = (name: string) => ({ ...old, txt: new Map([['name', name]]) });
    expect(await probe(announcing('cloudy_1'))).toEqual(named(4));
    expect(await probe(announcing('cloudy_2'))).toEqual({
      level: 3,
      reason: 'wrong-identity',
      detail: 'it is cloudy_1',
    });
  });

  it('a greeting may come in pieces', async () => {
    const pieces = await tcpServer((socket) => {
      socket.setNoDelay().write('0 clo');
      setTimeout(() => socket.destroyed || socket.write('udy_1 17\n'), 50);
    });
    expect(await probe(pieces)).toEqual(named(3));
  });

  it.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n'],
    ['a shell', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'],
    ['another version of the protocol', '0 cloudy_1 18\n'],
    ['a name that none can have', '0 <script> 17\n'],
    ['half a greeting', '0 cloudy_1'],
    ['no end of a line', '0 '.padEnd(2_000, 'a')],
  ])('%s is not tinc', async (_, words) => {
    expect(await probe(await says(words))).toEqual({ level: 2, reason: 'wrong-protocol' });
  });

  it('a late greeting is not awaited, and hanging up is not silence', async () => {
    const slow = await tcpServer((socket) => {
      const timer = setTimeout(() => socket.write('0 cloudy_1 17\n'), 3_000);
      onTestFinished(() => clearTimeout(timer));
    });
    const hangsUp = await tcpServer((socket) => socket.end());
    const elapsed = stopwatch();
    expect(await probe(slow)).toEqual(silent);
    expect(elapsed()).toBeLessThan(1_500);
    expect(await probe(hangsUp)).toEqual({ level: 2, reason: 'closed' });
    expect(await probe(await closedPort())).toEqual({ level: 1, reason: 'refused' });
  });

  it('that knows our name admits us, whether it greets before or after it', async () => {
    const heard: string[] = [];
    const answering = (first: string, then: string) =>
      tcpServer((socket) => {
        socket.write(first);
        socket.once('data', (chunk) => {
          heard.push(String(chunk));
          socket.write(then);
        });
      });
    for (const [first, then] of [
      ['', `0 cloudy_1 17\n${SESSION}`],
      ['0 cloudy_1 17\n', SESSION],
    ] as const) {
      expect(await probe({ ...(await answering(first, then)), own: US })).toEqual(named(5));
    }
    expect(heard).toEqual(['0 panel_node 17.7\n', '0 panel_node 17.7\n']);
    const other = await answering('', `0 cloudy_2 17\n${SESSION}`);
    expect(await probe({ ...other, own: US })).toEqual({
      level: 3,
      reason: 'wrong-identity',
      detail: 'it is cloudy_2',
    });
  });

  it('of 1.1 that has our Ed25519 key admits us, and is given no cause to log an error', async () => {
    // As tincd 1.1 (940d15c4) answers a member: its name, and the first record of SPTPS.
    const record = Buffer.concat([Buffer.of(0, 0x41, 0x80, 0), Buffer.alloc(64, 0xa5)]);
    const errors: string[] = [];
    const neighbour = (key: Buffer) =>
      tcpServer((socket) =>
        socket.once('data', (said: Buffer) => {
          const minor = /^0 panel_node 17(?:\.(\d+))?\n$/.exec(said.toString('latin1'))?.[1];
          if (Number(minor ?? 0) < 1) return void errors.push('tries to roll back protocol version to 17.0');
          socket.write(Buffer.concat([Buffer.from('0 cloudy_1 17.7\n'), key]));
        }),
      );
    expect(await probe({ ...(await neighbour(record)), own: US })).toEqual(named(5));
    // Without that record it has shown its name, and no more.
    expect(await probe({ ...(await neighbour(Buffer.alloc(0))), own: US })).toEqual(named(4));
    expect(await probe({ ...(await neighbour(Buffer.of(0, 0x41, 0x15))), own: US })).toEqual(named(4));
    expect(errors).toEqual([]);
  });

  it('that names itself but hangs up on our name is who it claims to be, no more', async () => {
    const declines = await tcpServer((socket) => {
      socket.write('0 cloudy_1 17\n');
      socket.once('data', () => socket.end());
    });
    expect(await probe({ ...declines, own: US })).toEqual(named(4));
    const endless = await says('0 cloudy_1 17\n', '1 '.padEnd(9_000, 'A'));
    expect(await probe({ ...endless, own: US })).toEqual({ level: 2, reason: 'wrong-protocol' });
  });

  it('learns our name only when it is in our own files', async () => {
    const heard: Buffer[] = [];
    const server = await tcpServer((socket) => socket.on('data', (chunk) => heard.push(chunk)));
    const unmet = new Map([...US].filter(([key]) => key !== 'peer'));
    expect(await probe({ ...server, own: unmet })).toEqual(silent);
    expect(heard).toEqual([]);
    expect(await probe({ ...server, own: US })).toEqual(silent);
    expect(String(heard)).toBe('0 panel_node 17.7\n');
  });

  it('measures the path to a gossiping node while it waits anyway, within its declared cost', async () => {
    const server = await tcpServer();
    const agent = await udpServer(({ datagram, reply }) => reply(answerPing(datagram, 'node1') ?? Buffer.of()), {
      address: server.address,
    });
    const asked = context();
    const result = await probe({ ...server, gossip: agent }, asked);
    expect(result.samples?.map(({ metric, method }) => `${metric} ${method}`)).toEqual([
      'rtt serf-ping',
      'rtt serf-ping',
      'jitter serf-ping',
      'loss serf-ping',
    ]);
    const headers = 4 * 28 + 9 * 52;
    expect(asked.traffic.sent + asked.traffic.received + headers).toBeLessThanOrEqual(tincvpn.cost.bytes);
  });

  it('sends nothing to the port, which would be a warning in its log', async () => {
    const heard: Buffer[] = [];
    const accepted: Socket[] = [];
    const server = await tcpServer((socket) => {
      accepted.push(socket);
      socket.on('data', (chunk) => heard.push(chunk));
    });
    await probe(server);
    expect(accepted).toHaveLength(1);
    expect(heard).toEqual([]);
  });

  it('ends at once with its signal, and leaves no socket', async () => {
    const server = await tcpServer();
    const agent = await udpServer(() => {}, { address: server.address });
    const before = await settledSockets();
    const abort = new AbortController();
    const asked = context(abort.signal);
    const probing = probe({ ...server, gossip: agent }, asked);
    probing.catch(() => {});
    await expect.poll(() => asked.traffic.sent).toBeGreaterThan(0);
    abort.abort(new Error('cancelled'));
    await expect(probing).rejects.toThrow('cancelled');
    // The server sees its own end close a moment later.
    await expect.poll(settledSockets).toEqual(before);
  });

  it('is joined by exchanging host files', () => {
    expect(said(tincvpn.use(provider({ port: 655 })))).toEqual([
      'note',
      expect.stringMatching(/^apt install tinc\n[\s\S]*tincd -n <net> -K2048/),
      'cat /etc/tinc/<net>/hosts/<me>',
      "echo 'Address = 10.1.2.3 655' >> /etc/tinc/<net>/hosts/<peer>",
      "echo 'ConnectTo = <peer>' >> /etc/tinc/<net>/tinc.conf",
      'systemctl enable tinc@<net>\nsystemctl restart tinc@<net>',
    ]);
    const named = (name: string) => said(tincvpn.use(provider({ txt: new Map([['name', name]]) }))).join();
    expect(said(tincvpn.use(provider({ address: 'fd00::1', port: 655 }))).join()).toContain('Address = fd00::1 655');
    expect(named('cloudy_1')).toContain('ConnectTo = cloudy_1');
    expect(named('a; reboot')).toContain('ConnectTo = <peer>');
    expect(tincvpn.use(provider({ port: null }))).toEqual([]);
  });

  it('shows what the other side needs where this node has a network, its own host file among it', () => {
    const file = 'Address = 10.9.9.9\n-----BEGIN RSA PUBLIC KEY-----\nMIIB\n-----END RSA PUBLIC KEY-----\n';
    const own = new Map([...US, ['file', file]]);
    const steps = tincvpn.use(provider({ port: 655 }), [], own);
    const lines = [
      "echo 'Address = 10.1.2.3 655' >> /etc/tinc/mesh/hosts/cloudy_1",
      "echo 'ConnectTo = cloudy_1' >> /etc/tinc/mesh/tinc.conf",
      'systemctl enable tinc@mesh\nsystemctl restart tinc@mesh',
      'ConnectTo = panel_node',
    ];
    expect(said(steps)).toEqual(['note', file, ...lines, 'note']);
    expect(steps.filter((step) => 'holes' in step)).toEqual([]);
    expect(JSON.stringify(steps)).toContain('tinc -n mesh invite cloudy_1');
    own.delete('file');
    expect(said(tincvpn.use(provider({ port: 655 }), [], own))[1]).toBe('cat /etc/tinc/mesh/hosts/panel_node');
  });

  it('puts no folder’s name into a command that tinc would not take', () => {
    const own = new Map([...US, ['net', 'a;reboot']] as const);
    expect(said(tincvpn.use(provider({ port: 655 }), [], own)).join()).not.toMatch(/tinc@a;|hosts.*;reboot/);
  });

  it('describes no attributes', () => {
    expect(tincvpn.describe).toBeUndefined();
  });
});
