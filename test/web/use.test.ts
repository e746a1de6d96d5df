/** How a chosen provider is used: steps, codes, files for programs, the one click; and that none of it names oneself. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Ranked } from '../../plugin/model/ranked.js';
import type { Connect, ServiceType, UseStep } from '../../plugin/services/contract.js';
import { neighboursUrl } from '../../plugin/web/pages/files.js';
import { qrCodes } from '../../plugin/web/reply/qr.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NOW, NUMBERLESS, ranked } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

const label = (text: string) => ({ ca: text, es: text, en: text, de: text });
const connect: Connect = {
  label: label('Use it here'),
  done: label('It is in use.'),
  suits: ({ port }) => port === 53,
  run: async () => {},
};
const files: ServiceType['files'] = [
  {
    name: 'best.txt',
    mediaType: 'text/x-best',
    label: label('The best ones'),
    hint: label('Put it there.'),
    write: (best) => best.map(({ address }) => address).join(' '),
  },
];

/** The DNS type with what is given, on a panel with five providers: the first, and best, is this node's own. */
async function open(of: Partial<ServiceType> = {}): Promise<Visitor> {
  web = await startWeb();
  const { services } = web.panel;
  const type = { ...services.of('dnsservice'), ...of };
  web.panel.services.of = () => type;
  web.panel.lists.set('dnsservice', [
    ranked('dnsservice', 1, { score: 99, provider: { self: true, node: 'mine' } }),
    ranked('dnsservice', 2, { score: 90, recommended: true }),
    ranked('dnsservice', 3, { score: 80 }),
    ranked('dnsservice', 4, { ...NUMBERLESS, score: 0, reason: 'timeout' }),
    ranked('dnsservice', 5, { ...NUMBERLESS, score: null, measuredAt: null, provider: { port: 54 } }),
  ]);
  return new Visitor(web);
}
const pageAddress = (index: number) =>
  `/services/dnsservice/providers/${web.panel.lists.get('dnsservice')?.[index - 1]?.provider.id}`;
const HTMX = { 'hx-request': 'true' };

describe('a file for programs', () => {
  it('names the providers worth using, best first, without this node', async () => {
    const visitor = await open({ files });
    const { body, headers, statusCode } = await visitor.get('/services/dnsservice/files/best.txt');
    expect([statusCode, body]).toEqual([200, '10.139.40.2 10.139.40.3']);
    expect(headers['content-type']).toMatch(/^text\/x-best\b/);
    expect(headers['cache-control']).toBe('max-age=60');
  });

  it('names what the owner has pinned first, then the recommended one, and nobody who failed at last', async () => {
    const visitor = await open({ files });
    web.panel.lists.set('dnsservice', [
      ranked('dnsservice', 2, { score: 90 }),
      ranked('dnsservice', 3, { score: 88, recommended: true }),
      ranked('dnsservice', 4, { score: 70, failures: 1 }),
      { ...ranked('dnsservice', 5, { score: 60 }), pinned: true },
    ]);
    const { body } = await visitor.get('/services/dnsservice/files/best.txt');
    expect(body).toBe('10.139.40.5 10.139.40.3 10.139.40.2');
  });

  it('names last what the owner keeps in reserve, unless that is the recommended one', async () => {
    const visitor = await open({ files });
    const full = { txt: new Map([['full', '1']]) };
    const reserve = (index: number, score: number, recommended = false) => ({
      ...ranked('dnsservice', index, { score, recommended }),
      reserve: true,
    });
    const [ordinary, taken] = [
      ranked('dnsservice', 3, { score: 88, recommended: true }),
      ranked('dnsservice', 4, { score: 70, provider: full }),
    ];
    const names = async (...rows: Ranked[]) => {
      web.panel.lists.set('dnsservice', rows);
      return (await visitor.get('/services/dnsservice/files/best.txt')).body;
    };
    expect(await names(reserve(2, 90), ordinary, taken)).toBe('10.139.40.3 10.139.40.4 10.139.40.2');
    expect(await names(reserve(2, 90, true), reserve(5, 80), taken)).toBe('10.139.40.2 10.139.40.4 10.139.40.5');
  });

  it('is not there where it would be empty: whoever has an older one keeps it', async () => {
    const visitor = await open();
    const { statusCode, body } = await visitor.get('/services/dnsservice/files/resolv.conf');
    expect([statusCode, body.split('\n').slice(1)]).toEqual([
      200,
      ['nameserver 10.139.40.2', 'nameserver 10.139.40.3', ''],
    ]);
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 2, { failures: 1 })]);
    const none = await visitor.get('/services/dnsservice/files/resolv.conf');
    expect([none.statusCode, none.body.includes('No provider of this service works now.')]).toEqual([404, true]);
  });

  it('exists without providers, and not under another name or type', async () => {
    const visitor = await open({ files });
    web.panel.lists.set('dnsservice', []);
    expect((await visitor.get('/services/dnsservice/files/best.txt')).body).toBe('');
    for (const name of ['worst.txt', '..%2f..%2fpackage.json', '__proto__', 'toString']) {
      expect((await visitor.get(`/services/dnsservice/files/${name}`)).statusCode, name).toBe(404);
    }
    expect((await visitor.get('/services/nothing/files/best.txt')).statusCode).toBe(404);
  });

  it('is linked with its absolute address on its page, and listed in the JSON', async () => {
    const keep = { path: '/etc/best.conf', reload: 'reload it' };
    const visitor = await open({ files: files?.map((file) => ({ ...file, keep })) });
    const address = 'http://node.example:7001/services/dnsservice/files/best.txt';
    const line = `*/10 * * * * root curl -fsSm 20 -o /run/best.conf.new '${address}' && ! cmp -s /run/best.conf.new /etc/best.conf && cp /run/best.conf.new /etc/best.conf && reload it`;
    for (const url of ['/services/dnsservice', pageAddress(2)]) {
      expect((await visitor.get(url)).body, url).toContain(
        'href="/services/dnsservice/follow">Use the best automatically</a>',
      );
      expect((await visitor.get(`/api/v1${url}`)).json().files, url).toEqual([
        {
          ...{ name: 'best.txt', label: 'The best ones', hint: 'Put it there.', address, keep: line },
          url: '/services/dnsservice/files/best.txt',
        },
      ]);
    }
    const { body } = await visitor.get('/services/dnsservice/follow');
    expect(body).toContain('<p>Put it there.</p>');
    expect(body).toContain(`>${address}</pre>`);
    expect(body).toContain(`>${line.replaceAll('&', '&amp;').replaceAll("'", '&#39;')}</pre>`);
  });

  it('gives no line for a machine’s cron with a host in it that is none', async () => {
    const keep = { path: '/etc/best.conf', reload: null };
    const visitor = await open({ files: files?.map((file) => ({ ...file, keep })) });
    const { json } = await visitor.get('/api/v1/services/dnsservice/follow', { host: "a';reboot;'" });
    expect(json().files?.[0].keep ?? null).toBeNull();
  });

  it('leaves out this node among the proxies', async () => {
    web = await startWeb();
    const proxies = [1, 2].map((index) => ranked('proxy3', index, { provider: { port: 3128, self: index === 1 } }));
    web.panel.lists.set('proxy3', proxies);
    const { json } = await new Visitor(web).get('/api/v1/services/proxy3');
    const [file] = json().files;
    const { body } = await new Visitor(web).get(file.url);
    expect(body).toContain('PROXY 10.139.40.2:3128');
    expect(body).not.toContain('10.139.40.1');
  });
});

describe('what follows the ranking', () => {
  const link = (url: string) => () => [{ kind: 'link', label: label('Open'), url } satisfies UseStep];

  it('leads to the page of the best one, and is not kept by any browser', async () => {
    const visitor = await open({ use: ({ address }) => link(`http://${address}/`)() });
    const { statusCode, headers } = await visitor.get('/go/dnsservice');
    expect([statusCode, headers.location]).toEqual([302, 'http://10.139.40.2/']);
    expect(headers['cache-control']).toContain('no-store');
    const { body } = await visitor.get('/services/dnsservice/follow');
    expect(body).toContain('>http://node.example:7001/go/dnsservice</pre>');
    expect(body).toContain('class="cs-qr"');
  });

  it('says why it leads nowhere', async () => {
    const visitor = await open();
    const { body, statusCode } = await visitor.get('/go/dnsservice');
    expect([statusCode, body.includes('This service does not open in a browser.')]).toEqual([404, true]);
    web.panel.lists.set('dnsservice', []);
    expect((await visitor.get('/go/dnsservice')).body).toContain('No provider of this service works now.');
    expect((await visitor.get('/go/nothing')).statusCode).toBe(404);
  });

  it('never leads to anything but a page', async () => {
    const visitor = await open({ use: link('javascript:alert(1)') });
    expect((await visitor.get('/go/dnsservice')).statusCode).toBe(404);
  });

  it('is told in the order in which the files name it, and since when', async () => {
    const visitor = await open({ files });
    web.panel.store.recommendations.put('dnsservice', { provider: 'any', challenger: null });
    const { json } = await visitor.get('/api/v1/services/dnsservice/follow');
    expect(json()).toMatchObject({ type: 'dnsservice', go: null, since: new Date(NOW).toISOString() });
    expect(json().providers.map(({ name }: { name: string }) => name)).toEqual(['node2', 'node3']);
    const { body } = await visitor.get('/services/dnsservice/follow');
    expect(body).toContain('node2 has been the recommended one since');
  });
});

describe('sharing a provider', () => {
  const folded = async (visitor: Visitor, headers = {}) => {
    const { body } = await visitor.get(pageAddress(2), headers);
    return /<details class="cs-card cs-share">(.*?)<\/details>/s.exec(body)?.[1] ?? '';
  };

  it('is its page’s absolute address, and a code of it', async () => {
    const visitor = await open();
    const fold = await folded(visitor);
    const address = `http://node.example:7001${pageAddress(2)}`;
    expect(fold).toContain(`>${address}</pre>`);
    expect(fold).toContain(`aria-label="QR code of ${address}"`);
    expect(fold).not.toContain('PUBLIC_READ');
  });

  it('gives no address that leads to the neighbour’s own machine, and says who may read', async () => {
    const visitor = await open();
    const fold = await folded(visitor, { host: '127.0.0.1:7001' });
    expect(fold).toContain('set LISTEN=0.0.0.0:7001 and restart');
    expect(fold).not.toContain('<pre');
    await web.app.close();
    const other = await open();
    Object.assign(web.panel, { config: { ...web.panel.config, listen: { host: '10.1.2.3', port: 7001 } } });
    expect(await folded(other, { host: '127.0.0.1:7001' })).toContain('works on this machine only');
  });

  it('takes the node’s own address in the community, where the panel listens on it', () => {
    const own = (address: string) => ({ address, family: address.includes(':') ? 'IPv6' : 'IPv4', internal: false });
    const interfaces = () => ({ eth0: [own('85.1.2.3'), own('fd00::22'), own('10.139.40.22')] }) as never;
    const url = (host: string, communityRanges: readonly string[] | null = null, at = '127.0.0.1:7001') =>
      neighboursUrl(`http://${at}/services/x`, { listen: { host, port: 7001 }, communityRanges }, interfaces);
    expect(url('0.0.0.0')).toBe('http://10.139.40.22:7001/services/x');
    expect(url('::')).toBe('http://[fd00::22]:7001/services/x');
    expect(url('0.0.0.0', ['44.0.0.0/8'])).toBe('http://127.0.0.1:7001/services/x');
    expect(url('127.0.0.1')).toBe('http://127.0.0.1:7001/services/x');
    expect(url('0.0.0.0', null, 'node.example')).toBe('http://node.example/services/x');
  });
});

describe('a QR step', () => {
  const TEXT = 'ABCDEFG-HIJKLMN"><script>';
  const use = (text: string) => () => [{ kind: 'qr', label: label('Scan me'), text } satisfies UseStep];

  it('is drawn without inline styles, has its text as label, and is text in the JSON', async () => {
    const visitor = await open({ use: use(TEXT) });
    const { body } = await visitor.get(pageAddress(2));
    expect(body).toMatch(
      /<svg class="cs-qr" viewBox="0 0 (\d+) \1" role="img" aria-label="QR code of ABCDEFG-HIJKLMN&quot;>?/,
    );
    expect(body).not.toMatch(/<script>| style=/);
    const { json } = await visitor.get(`/api/v1${pageAddress(2)}`);
    expect(json().use).toEqual([{ kind: 'qr', label: 'Scan me', text: TEXT }]);
  });

  it('offers a text that is too long for a phone to be copied', async () => {
    const visitor = await open({ use: use('x'.repeat(1_001)) });
    const { body } = await visitor.get(pageAddress(2));
    const [steps = ''] = body.split('cs-share');
    expect(steps).not.toContain('cs-qr');
    expect(steps).toContain(`>${'x'.repeat(1_001)}</pre>`);
  });

  it('has the three corners of a QR code inside a quiet zone of four', async () => {
    const code = qrCodes(['ABC']).get('ABC');
    expect(code?.size).toBe(21 + 8);
    for (const corner of ['M4 4h7', 'M18 4h7', 'M4 24h7', 'M4 10h7']) expect(code?.path).toContain(`${corner}v1h-7z`);
    expect(code?.path).not.toMatch(/M([0-3]|2[5-9]) |M\d+ ([0-3]|2[5-9])h/);
    expect(qrCodes([]).size).toBe(0);
  });
});

describe('a line with a part that only the person knows', () => {
  const hole = { name: 'net', label: label('Your network'), pattern: '[a-z]{1,8}' };
  const use = () => [
    { kind: 'copy', on: 'linux', label: label('Restart it'), text: 'restart <net> <other>', holes: [hole] } as const,
  ];
  const shown = async (visitor: Visitor, query = '') => {
    const { body } = await visitor.get(`${pageAddress(2)}${query}`);
    const [, state, line, text] =
      /<div class="cs-line([^"]*)" data-line="([^"]*)">.*?<pre class="cs-copy">(.*?)<\/pre>/s.exec(body) ?? [];
    const [, value] = /<input id="cs-fill-net" name="net" value="([^"]*)" pattern="\[a-z\]\{1,8\}"/.exec(body) ?? [];
    return { state: state?.trim(), line, text, value };
  };

  it('asks for it, and is filled by a plain form, as far as it may be', async () => {
    const visitor = await open({ use });
    const line = 'restart &lt;net&gt; &lt;other&gt;';
    expect(await shown(visitor)).toEqual({ state: 'cs-open', line, text: line, value: '' });
    expect(await shown(visitor, '?net=mesh')).toEqual({
      ...{ state: '', line, value: 'mesh' },
      text: 'restart mesh &lt;other&gt;',
    });
    const evil = await shown(visitor, `?net=${encodeURIComponent('"><script>')}&net2=x`);
    expect(evil).toEqual({ state: 'cs-open', line, text: line, value: '&quot;>&lt;script>'.replaceAll('>', '&gt;') });
    expect((await shown(visitor, `?net=${'x'.repeat(5_000)}`)).value).toHaveLength(300);
    expect((await shown(visitor, '?net=a&net=b')).text).toBe(line);
  });

  it('says to programs what is missing', async () => {
    const visitor = await open({ use });
    const { json } = await visitor.get(`/api/v1${pageAddress(2)}`);
    const holes = [{ name: 'net', label: 'Your network', pattern: '[a-z]{1,8}' }];
    expect(json().use).toEqual([
      { kind: 'copy', on: 'linux', label: 'Restart it', text: 'restart <net> <other>', holes },
    ]);
  });
});

describe('a provider that does not answer', () => {
  it('is marked above the steps, with a link to the best provider', async () => {
    const visitor = await open();
    const said = async (index: number) => {
      const { body } = await visitor.get(pageAddress(index));
      const [, steps = ''] = /<h2>How to use it<\/h2>\s*<p class="cs-muted">[^<]*<\/p>(.*?)<ol/s.exec(body) ?? [];
      return steps.trim();
    };
    expect(await said(4)).toBe(
      `<p>It is not working right now. The best is <a href="${pageAddress(2)}">node2</a>.</p>`,
    );
    expect(await Promise.all([2, 3, 5].map(said))).toEqual(['', '', '']);
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 2, { recommended: true, failures: 1 })]);
    expect(await said(1)).toBe('<p>It is not working right now.</p>');
  });
});

describe('a text to be copied', () => {
  it('has a button that says in the page’s language what it does and has done', async () => {
    const visitor = await open();
    const { body } = await visitor.get(pageAddress(2), { 'accept-language': 'ca' });
    expect(body).toMatch(
      /<pre class="cs-copy">nameserver 10\.139\.40\.2\n?[^<]*<\/pre><button type="button"[^>]* data-copied="Copiat"[^>]*><svg.*?<\/svg><span class="cs-hidden">Copia</,
    );
    expect(body).toContain('<p id="cs-told" class="cs-hidden" role="status">');
    expect(body).toMatch(/<script src="\/public\/copy\.js\?v=[0-9a-f]{8}" defer>/);
  });
});

describe('connecting with one click', () => {
  it('is offered to the owner, for a permitted neighbour that is not known to fail', async () => {
    const visitor = await open({ connect });
    expect((await visitor.get(pageAddress(2))).body).not.toContain('/connect"');
    await visitor.login();
    const offered = async (index: number) => {
      const { body } = await visitor.get(pageAddress(index));
      const { json } = await visitor.get(`/api/v1${pageAddress(index)}`);
      expect(json().connect, String(index)).toBe(
        body.includes(`hx-post="${pageAddress(index)}/connect"`) ? 'Use it here' : null,
      );
      return json().connect !== null;
    };
    // Oneself, two that answer, one that does not, one whose announcement lacks something.
    expect(await Promise.all([1, 2, 3, 4, 5].map(offered))).toEqual([false, true, true, false, false]);
  });

  it('shows its progress and its result in place', async () => {
    const visitor = await open({ connect });
    await visitor.login();
    const started = await visitor.post(`${pageAddress(2)}/connect`, {}, HTMX);
    const poll = /^<section id="provider" hx-get="([^"]+)" hx-trigger="every 1s"/.exec(started.body)?.[1] ?? '';
    expect(started.body).not.toContain('/connect"');
    await web.panel.end();
    const { body } = await visitor.get(poll, HTMX);
    expect(body).toContain('It is in use.');
    expect(body).not.toContain('every 1s');
    expect(body).toContain('/connect"');
  });

  it('names the running job, its start and its page beside the buttons that it blocks', async () => {
    const visitor = await open({ connect });
    await visitor.login();
    const busy = async (words: string) => {
      const { body } = await visitor.get(pageAddress(2));
      const [job] = web.panel.jobs.running();
      const [said = ''] = /<p class="[^"]*cs-busy.*?<\/p>/s.exec(body) ?? [];
      expect(said).toContain(`href="/jobs/${job?.id}">${words}</a>`);
      expect(said).toContain(`<time datetime="${job?.startedAt}">`);
      return said.replaceAll(/<[^>]+>/g, '');
    };
    web.panel.scan('dnsservice');
    expect(await busy('Scan of DNS server, 0 of 5 tries')).toMatch(/^Not now, because .* · Started Nov 20, 2026, /);
    await web.panel.end();
    expect((await visitor.get(pageAddress(2))).body).not.toContain('cs-busy');
    web.panel.connect('dnsservice', web.panel.lists.get('dnsservice')?.[1]?.provider.id ?? '');
    expect(await busy('Connecting to DNS server')).toMatch(/ · Started Nov 20, 2026, /);
  });

  it('works without scripts, by the job’s page, and by the API', async () => {
    const visitor = await open({ connect });
    await visitor.login();
    const { headers, statusCode } = await visitor.post(`${pageAddress(2)}/connect`);
    expect(statusCode).toBe(303);
    await web.panel.end();
    const { body } = await visitor.get(String(headers.location));
    expect(body).toContain('It is in use.');
    expect(body).toContain(`href="${pageAddress(2)}"`);
    await visitor.get('/api/v1/session');
    const accepted = await visitor.postJson(`/api/v1${pageAddress(3)}/connect`);
    expect(accepted.statusCode).toBe(202);
    expect(accepted.json().job).toMatchObject({ kind: 'connect', type: 'dnsservice', state: 'running' });
  });

  it('is not shown on the type’s page as an action on the own service', async () => {
    const visitor = await open({ connect });
    await visitor.login();
    await visitor.post(`${pageAddress(2)}/connect`);
    expect((await visitor.get('/services/dnsservice')).body).not.toContain('<progress');
  });

  it('is only for the owner', async () => {
    const visitor = await open({ connect });
    await visitor.get('/');
    expect((await visitor.post(`/api/v1${pageAddress(2)}/connect`)).statusCode).toBe(401);
    expect(web.panel.jobs.running()).toEqual([]);
  });
});

describe('the owner’s own provider', () => {
  it('is marked in its row, and is not recommended', async () => {
    const visitor = await (await open()).login();
    const { body } = await visitor.get('/services/dnsservice');
    const rows = body.split('<tr id=').slice(1);
    expect(rows[0]).toContain('yours');
    expect(rows[0]).not.toContain('Recommended');
    expect(rows[1]).toContain('Recommended');
    expect(/<p class="cs-headline">(.*?)<\/p>/s.exec(body)?.[1]).toMatch(/node2(?!.*mine)/s);
  });

  it('is neither the first page’s best nor in the steps of others', async () => {
    const visitor = await (await open()).login();
    const { json } = await visitor.get('/api/v1/services');
    expect(json().services.find(({ type }: { type: string }) => type === 'dnsservice').best.node).toBe('node2');
    for (const index of [2, 3, 4]) {
      const page = await visitor.get(`/api/v1${pageAddress(index)}`);
      expect(JSON.stringify(page.json().use), String(index)).not.toContain('10.139.40.1"');
      expect(JSON.stringify(page.json().use), String(index)).not.toMatch(/10\.139\.40\.1\b/);
    }
  });

  it('is marked on its page, without steps', async () => {
    const visitor = await (await open()).login();
    const { body } = await visitor.get(pageAddress(1));
    expect(body).toContain('This one is yours: it is for your neighbours to use.');
    expect((await visitor.get(`/api/v1${pageAddress(1)}`)).json().use).toEqual([]);
  });

  it('is an ordinary node for a reader, with the steps to use it', async () => {
    const visitor = await open();
    const list = (await visitor.get('/services/dnsservice')).body.split('<tr id=')[1];
    expect(list).toContain('this node');
    expect(list).not.toContain('yours');
    expect((await visitor.get(pageAddress(1))).body).not.toContain('This one is yours');
    expect((await visitor.get(`/api/v1${pageAddress(1)}`)).json().use.length).toBeGreaterThan(0);
  });

  it('does not make neighbours look bad where it alone answers', async () => {
    const visitor = await (await open()).login();
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 1, { score: 99, provider: { self: true } })]);
    const { body } = await visitor.get('/services/dnsservice');
    expect(body).toContain('Only your own works');
    expect(body).not.toContain('measured works');
  });
});

describe('an unknown type', () => {
  it('is among the other services once announced, under its own name, and not built in', async () => {
    web = await startWeb();
    const visitor = new Visitor(web);
    const words = async () =>
      (await visitor.get('/api/v1/services')).json().services.map(({ type }: { type: string }) => type);
    const builtin = web.panel.services.types.length;
    expect(await words()).toHaveLength(builtin);
    web.panel.lists.set('webdav', [ranked('webdav', 1, { provider: { port: 80 } })]);
    web.panel.lists.set('pastecat', [ranked('pastecat', 1)]);
    expect((await words()).slice(builtin)).toEqual(['pastecat', 'webdav']);
    const { body } = await visitor.get('/');
    expect(body).toMatch(/Web folders.*<h2>Other services.*pastecat/s);
    const { json } = await visitor.get('/api/v1/services/webdav');
    expect(json()).toMatchObject({ type: 'webdav', title: 'Web folders', builtin: false, known: true });
  });
});
