/** Tahoe-LAFS introducers: stand-ins for faults of foolscap, strangers, the status page; and the address of the grid. */
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import tahoe, { tubId } from '../../plugin/services/tahoe-lafs.js';
import { certificate, context, tcpServer, tlsServer, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';
import { meetsStrangers } from './web-strangers.js';

const TUB = 'abcdefghijklmnopqrstuvwxyz234567';
const OURS = tubId(new X509Certificate(certificate('one').cert).raw);
const at = (txt: [string, string][], more = {}) => provider({ port: 3456, txt: new Map(txt), ...more });
const probe = (target: Target, txt: [string, string][], of = context()) =>
  tahoe.probe({ ...target, txt: new Map(txt) }, of);

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, PB/1.0\r\nConnection: Upgrade\r\n\r\n';
const UNKNOWN = 'HTTP/1.1 500 Internal Server Error: unknown TubID';

/** Gives the answer to a complete request. */
const asked = (answer: (socket: Socket, question: string) => void) =>
  tcpServer((socket) => socket.once('data', (question) => answer(socket, String(question))));

/** As foolscap does: finds its `Upgrade` only in front of another line, and knows only its own tub. */
const tub = (options: TLSSocketOptions = {}, delayMs = 0, id = OURS) =>
  asked((socket, question) => {
    const wanted = /^GET \/id\/(\S*) HTTP\/1\.1\r\n/.exec(question)?.[1];
    if (wanted !== id || !question.includes('\r\nUpgrade: TLS/1.0\r\n')) {
      return void socket.end(`${UNKNOWN} ${wanted}\r\n\r\n`);
    }
    setTimeout(() => {
      socket.write(SWITCHING);
      new TLSSocket(socket, { isServer: true, ...certificate('one'), ...options }).on('error', () => {});
    }, delayMs);
  });

const proven = (facts = {}, tls = 'TLSv1.3') => ({
  level: 4,
  samples: [
    { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
    { metric: 'handshake', value: expect.any(Number), method: 'tls' },
  ],
  facts: { id: OURS, tls, ...facts },
});

describe('tahoe-lafs', () => {
  it('a tub with the key of its announced id is who it claims to be, however it announces it', async () => {
    const server = await tub();
    expect(OURS).toMatch(/^[a-z2-7]{32}$/);
    for (const txt of [
      ['', OURS],
      ['node_id', OURS],
      ['furl', `pb://${OURS}@tcp:10.1.2.3:3456/introducer`],
    ] as [string, string][]) {
      expect(await probe(server, [txt])).toEqual(proven());
    }
  });

  it('very old tubs, with TLS 1.0, are read as well', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await probe(await tub(old), [['', OURS]])).toEqual(proven({}, 'TLSv1'));
  });

  it('without an announced id the protocol is all that is proven', async () => {
    expect(await probe(await tub(), [])).toEqual({
      level: 3,
      samples: [{ metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' }],
      facts: {},
    });
  });

  it('without an announced id, one that claims a made-up tub is not an introducer', async () => {
    const yes = await asked((socket) => socket.write(SWITCHING));
    expect(await probe(yes, [])).toMatchObject({ level: 2, reason: 'wrong-protocol' });
  });

  it('another tub, and one that borrows the id but not the key, are not who they claim to be', async () => {
    expect(await probe(await tub(), [['', TUB]])).toEqual({
      level: 3,
      reason: 'wrong-identity',
      detail: 'it does not know that tub',
    });
    expect(await probe(await tub({}, 0, TUB), [['', TUB]])).toEqual({
      level: 3,
      reason: 'wrong-identity',
      detail: `it is ${OURS}`,
    });
  });

  it('a tub that takes three seconds is slow, not dead', async () => {
    expect(await probe(await tub({}, 3_000), [['', OURS]])).toEqual(proven());
  });

  it.each([
    ['has an error', 'HTTP/1.1 500 Internal Server Error: secure Tubs require encryption\r\n\r\n', 3, 'broken'],
    ['agrees and hangs up', SWITCHING, 3, 'closed'],
    ['agrees and speaks no TLS', `${SWITCHING}HTTP/1.1 400 Bad Request\r\n\r\n`, 3, 'wrong-protocol'],
    ['changes to something else', SWITCHING.replace('TLS/1.0, PB/1.0', 'websocket'), 2, 'wrong-protocol'],
    ['is a web server in trouble', 'HTTP/1.1 500 Internal Server Error\r\n\r\n', 2, 'wrong-protocol'],
  ])('one that %s fails without a number', async (_, text, level, reason) => {
    const server = await asked((socket) => socket.end(text));
    const result = await probe(server, [['', OURS]]);
    expect(result).toMatchObject({ level, reason });
    expect(result.samples).toBeUndefined();
  });

  it('TLS from the first byte is not foolscap', async () => {
    expect(await probe(await tlsServer(), [['', OURS]])).toMatchObject({ level: 2 });
  });
});

describe('the status page of an introducer', () => {
  const SUMMARY = '{"subscription_summary": {"storage": 3}, "announcement_summary": {"storage": 12}}';

  /** A status page beside the tub; `visits` counts its requests. */
  async function withPage(body: string, status = 200) {
    const server = await tub();
    const seen = { visits: 0 };
    const page = await webServer((request, response) => {
      seen.visits += 1;
      response.writeHead(request.url === '/?t=json' ? status : 404).end(body);
    }, server.address);
    return { server, page, seen };
  }

  it('tells the number of storage servers, for less than the probe may cost', async () => {
    const { server, page } = await withPage(SUMMARY);
    const of = context();
    const txt: [string, string][] = [
      ['', OURS],
      ['web', String(page.port)],
    ];
    expect(await probe(server, txt, of)).toEqual(proven({ servers: '12' }));
    expect(of.traffic.sent + of.traffic.received + tahoe.cost.packets * 52).toBeLessThan(tahoe.cost.bytes);
  });

  it.each(['storage: 12', 'storage: 12, stub_client: 3', 'relay: 1, storage: 12'])(
    'of old versions is for people, and tells %s as well',
    async (summary) => {
      const head = '<html><head><title>Tahoe-LAFS - Introducer Status</title></head><body>\n';
      const counts = `<div>Announcement Summary: <span>${summary}</span></div>\n`;
      const subscribers = '<div>Subscription Summary: <span>storage: 99</span></div>\n';
      const { server, page } = await withPage(`${head}${counts}${subscribers}`.padEnd(4_000, '<tr></tr>'));
      const of = context();
      const txt: [string, string][] = [
        ['', OURS],
        ['web', String(page.port)],
      ];
      expect(await probe(server, txt, of)).toEqual(proven({ servers: '12' }));
      expect(of.traffic.sent + of.traffic.received + tahoe.cost.packets * 52).toBeLessThan(tahoe.cost.bytes);
    },
  );

  it('is requested only when announced, and only of a proven tub', async () => {
    const { server, page, seen } = await withPage(SUMMARY);
    expect(await probe(server, [['', OURS]])).toEqual(proven());
    for (const web of ['', '0', '70000', `${page.port}/../x`, `127.0.0.1:${page.port}`]) {
      const txt: [string, string][] = [
        ['', OURS],
        ['web', web],
      ];
      expect(await probe(server, txt)).toEqual(proven());
    }
    const other: [string, string][] = [
      ['', TUB],
      ['web', String(page.port)],
    ];
    expect(await probe(server, other)).toMatchObject({ reason: 'wrong-identity' });
    expect(seen.visits).toBe(0);
  });

  it.each([
    ['has an error', SUMMARY, 500],
    ['is another one for people', '<html>Subscription Summary: storage: 12</html>', 200],
    ['counts other servers', '<div>Announcement Summary: <span>stub_client: 12</span></div>', 200],
    ['has no number', '{"announcement_summary": {"storage": "many"}}', 200],
  ])('that %s adds nothing, and takes nothing away', async (_, body, status) => {
    const { server, page } = await withPage(body, status);
    const txt: [string, string][] = [
      ['', OURS],
      ['web', String(page.port)],
    ];
    expect(await probe(server, txt)).toEqual(proven());
  });

  it('that never answers takes nothing away', async () => {
    const server = await tub();
    const silent = await tcpServer(() => {}, server.address);
    const txt: [string, string][] = [
      ['', OURS],
      ['web', String(silent.port)],
    ];
    expect(await probe(server, txt)).toEqual(proven());
  });
});

describe.each([
  ['an announced tub', new Map([['', OURS]])],
  ['any tub', new Map<string, string>()],
])('tahoe-lafs, strangers asked for %s', (_, txt) => {
  meetsStrangers(tahoe, txt);
});

describe('tahoe-lafs, its use', () => {
  it('a whole furl is joined at the announced address, whatever place the furl names', () => {
    const announced = at([['furl', `pb://${TUB}@tcp:evil.example:1/swissnum2345`]], { address: 'fd00::1' });
    const furl = `pb://${TUB}@tcp:[fd00::1]:3456/swissnum2345`;
    expect(said(tahoe.use(announced))).toEqual([
      furl,
      'sudo apt install pipx && pipx install tahoe-lafs && pipx ensurepath',
      `tahoe create-client --introducer=${furl}`,
      ...['tahoe run', 'note'],
    ]);
  });

  it('a bare tub id works for old grids only, and the note says so', () => {
    const steps = said(tahoe.use(at([['', TUB]])));
    expect(steps.slice(0, 2)).toEqual(['note', `pb://${TUB}@10.1.2.3:3456/introducer`]);
    expect(steps).toContain(`tahoe create-client --introducer=pb://${TUB}@10.1.2.3:3456/introducer`);
  });

  it('warns where a new client would want more servers than the grid has', () => {
    const grid = (servers: string) =>
      JSON.stringify(tahoe.use({ ...at([['furl', `pb://${TUB}@x:1/swissnum2345`]]), facts: { servers } }));
    expect(grid('3')).toContain('The grid has 3 servers');
    expect([grid('7'), grid('')].join()).not.toContain('shares.happy');
  });

  it.each([
    ['a furl with a command in it', [['furl', `pb://${TUB}@x:1/$(reboot)`]]],
    ['a tub id of the wrong length', [['', 'abc']]],
    ['nothing', []],
  ] as [string, [string, string][]][])('%s gives no command', (_, txt) => {
    expect(said(tahoe.use(at(txt)))).toEqual(['note']);
    expect(tahoe.describe?.(new Map(txt))).toEqual([]);
  });

  it('is not used without a port, and shows its node id', () => {
    expect(tahoe.use(at([['', TUB]], { port: null }))).toEqual([]);
    expect(tahoe.describe?.(new Map([['', TUB]]))).toMatchObject([{ value: TUB }]);
  });
});
