/** This node's own service on its type's page and in the API: units, port, log, and what is announced of it. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { hostname } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { PanelError } from '../../plugin/model/errors.js';
import type { Job } from '../../plugin/model/job.js';
import type { LocalState } from '../../plugin/model/unit.js';
import { defaultForm, type PublishForm, toEntry } from '../../plugin/node/announce/form.js';
import { toLanService } from '../../plugin/node/announce/lan.js';
import type { Preview } from '../../plugin/node/announce/publisher.js';
import type { Trouble } from '../../plugin/node/announce/troubles.js';
import type { OwnView } from '../../plugin/node/own-service.js';
import type { Listening } from '../../plugin/node/ports.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { localOf, NOW, ranked } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

const ENTRY = { s: 'proxy3', d: 'Square', m: 'node7', i: '10.1.2.3', p: '3128', e: 'demo', t: '' };

async function owner(prefix = ''): Promise<Visitor> {
  web = await startWeb({ prefix });
  return new Visitor(web).login(`${prefix}/`);
}

/** The panel's answers about its own service, replaced. */
function own(change: Partial<TestWeb['panel']['own']>): void {
  web.panel.own = { ...web.panel.own, ...change };
}
const view = (more: Partial<OwnView>) =>
  own({ view: async () => ({ units: [], port: null, publication: null, announced: [], lan: null, ...more }) });

/** Previews by the real rules, as if the tags had that size. */
function previews(bytes = 200, others = ['{"s":"owp"}', '{"d":"<b>x"}'], more: Partial<Preview> = {}): void {
  const type = (word: string) => web.panel.services.of(word);
  own({
    form: (word) => defaultForm(type(word), 'en', 'demo'),
    preview: async (word: string, form: PublishForm = {}): Promise<Preview> => {
      const whole = { ...defaultForm(type(word), 'en', 'demo'), ...form };
      const entry = toEntry(word, whole, '10.1.2.3');
      const lan = toLanService(entry);
      const tags = { others, bytes, limit: 512, fits: bytes <= 512 };
      return { form: whole, entry, replaces: null, troubles: [], lan, ...tags, ...more };
    },
  });
}

const HTMX = { 'hx-request': 'true' };

describe('the units of a type', () => {
  it('each have their own state and buttons', async () => {
    const visitor = await owner();
    const anna = { unit: 'syncthing@anna.service', state: 'running', enabled: true } as const;
    const biel = { unit: 'syncthing@biel.service', state: 'failed', enabled: false } as const;
    web.panel.states.set('syncthing', localOf(anna, biel));
    const { body } = await visitor.get('/services/syncthing');
    const forms = [
      ...body.matchAll(/action="\/services\/syncthing\/(\w+)"[^>]*>\s*<input[^>]*>\s*<input[^>]*value="([^"]+)"/g),
    ];
    expect(forms.map(([, verb, unit]) => `${verb} ${unit}`)).toEqual([
      'stop syncthing@anna.service',
      'disable syncthing@anna.service',
      'start syncthing@biel.service',
      'enable syncthing@biel.service',
    ]);
    const reader = await new Visitor(web).get('/services/syncthing');
    expect(reader.body).toContain('syncthing@biel.service');
    expect(reader.body).not.toMatch(/<form[^>]*syncthing\/|\/log\?/);
  });

  it('are looked at once more where the job ended while the page was made', async () => {
    const visitor = await owner();
    const unit = { unit: 'unbound.service', state: 'running', enabled: true } as const;
    web.panel.states.set('dnsservice', localOf(unit));
    const { job } = JSON.parse((await visitor.post('/api/v1/services/dnsservice/stop', {})).body) as { job: Job };
    const { type } = web.panel;
    web.panel.type = async (typeId) => {
      const before = await type(typeId);
      await web.panel.end();
      return before;
    };
    const part = await visitor.get(`/services/dnsservice?job=${job.id}`, HTMX);
    expect(part.body).toContain(`hx-get="/services/dnsservice?job=${job.id}"`);
    expect((await visitor.get(`/services/dnsservice?job=${job.id}`, HTMX)).body).not.toContain('every 1s');
  });

  it('are shown and left alone where they run as a user of the system', async () => {
    const visitor = await owner();
    const data = { unit: 'syncthing@www-data.service', state: 'running', enabled: true, foreign: true } as const;
    web.panel.states.set('syncthing', localOf(data));
    const { body } = await visitor.get('/services/syncthing');
    expect(body).toContain('A system user runs it');
    expect(body).toContain('/services/syncthing/log?');
    expect(body).not.toMatch(/action="\/services\/syncthing\/(start|stop|enable|disable)"/);
    const confirm = await visitor.get('/services/syncthing/confirm/stop?unit=syncthing@www-data.service');
    expect(confirm.statusCode).toBe(403);
  });

  it.each(['start', 'stop', 'enable', 'disable'] as const)('%s hands the unit on, by page and by API', async (verb) => {
    const visitor = await owner();
    const asked: unknown[] = [];
    const { act } = web.panel.own;
    own({
      act: (word, wanted, unit) => {
        asked.push([word, wanted, unit]);
        return act(word, wanted, unit);
      },
    });
    const page = await visitor.post(`/services/syncthing/${verb}`, { unit: 'syncthing@anna.service' });
    expect(page.headers.location).toMatch(/^\/jobs\//);
    const api = await visitor.postJson(`/api/v1/services/syncthing/${verb}`);
    expect(api.statusCode).toBe(202);
    expect(api.json().job).toMatchObject({ kind: verb, type: 'syncthing' });
    expect(asked).toEqual([
      ['syncthing', verb, 'syncthing@anna.service'],
      ['syncthing', verb, undefined],
    ]);
  });
});

describe('the port', () => {
  it('is shown for each transport, with a warning where only 127.0.0.1 listens', async () => {
    const visitor = await owner();
    view({
      port: {
        port: 53,
        transports: [
          { transport: 'udp', listening: 'loopback' },
          { transport: 'tcp', listening: 'closed' },
        ],
      },
    });
    const { body } = await visitor.get('/services/dnsservice');
    expect(body).toContain('Port 53, UDP: only on 127.0.0.1; neighbours cannot reach it.');
    expect(body).toContain('Port 53, TCP: nothing listens there.');
  });

  it.each([
    ['open', 'good', 'Port 53, TCP: open to neighbours, unless a firewall is in the way.'],
    ['loopback', 'weak', 'Port 53, TCP: only on 127.0.0.1; neighbours cannot reach it.'],
    ['closed', 'failed', 'Port 53, TCP: nothing listens there.'],
  ] as const)('that is %s has the sign %s beside its words', async (listening, sign, words) => {
    const visitor = await owner();
    view({ port: { port: 53, transports: [{ transport: 'tcp', listening }] } });
    const { body } = await visitor.get('/services/dnsservice');
    const said = [...body.matchAll(/<p class="cs-state">.*?<use href="#cs-(\w+)"\/><\/svg>\s*<span>(Port [^<]*)</g)];
    expect(said.map(([, ...of]) => of)).toEqual([[sign, words]]);
  });
});

describe('a port that only this machine reaches', () => {
  const port = (udp: Listening, tcp: Listening) => ({
    port: 53,
    transports: [
      { transport: 'udp' as const, listening: udp },
      { transport: 'tcp' as const, listening: tcp },
    ],
  });
  const troubles = (udp: Listening, tcp: Listening) =>
    port(udp, tcp).transports.flatMap(({ transport, listening: why }): Trouble[] =>
      why === 'open' ? [] : [{ of: 'port', why, transport }],
    );
  const formIn = (body: string) => /<section id="publish"[\s\S]*?<\/form>/.exec(body)?.[0] ?? '';
  const SHUT = 'Port 5353 listens only on 127.0.0.1: neighbours would not reach it.';

  it.each([
    ['loopback', 'loopback', [SHUT]],
    ['loopback', 'closed', [SHUT]],
    ['closed', 'closed', ['Nothing listens on port 5353: neighbours would find nothing.']],
    ['loopback', 'open', ['Port 5353, UDP: only on 127.0.0.1; neighbours cannot reach it.']],
    ['open', 'closed', ['Port 5353, TCP: nothing listens there.']],
    ['open', 'open', []],
  ] as const)('(UDP %s, TCP %s) is told of the port that was typed: %s', async (udp, tcp, words) => {
    const visitor = await owner();
    previews(200, [], { troubles: troubles(udp, tcp) });
    // What the service itself listens on is not what was typed.
    view({ port: port('open', 'open') });
    const form = formIn((await visitor.get('/services/dnsservice?description=x&port=5353')).body);
    const said = [...form.matchAll(/<span>([^<]*(?:ort 5353)[^<]*)<\/span>/g)].map(([, text]) => text);
    expect(said).toEqual(words);
  });

  it('is told of the proposed port where there is no preview, nor a unit that runs', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const visitor = await owner();
    own({ form: () => ({ description: '', port: String(port), attributes: '', community: '' }) });
    const { body } = await visitor.get('/services/dnsservice?announce=yes');
    expect(formIn(body)).toContain(`Port ${port} listens only on 127.0.0.1`);
    server.close();
  });

  it.each([
    ['loopback', 'Only this machine can reach'],
    ['unspecified', 'is not the address of any machine'],
    ['link-local', 'same cable or Wi-Fi'],
  ] as const)('is told of an address that is %s', async (why, words) => {
    const visitor = await owner();
    previews(200, [], { troubles: [{ of: 'address', why }] });
    expect(formIn((await visitor.get('/services/dnsservice?announce=yes')).body)).toContain(words);
  });

  it('is announced only after a second confirmation where the page had not warned', async () => {
    const visitor = await owner();
    previews(200, [], { troubles: troubles('closed', 'closed') });
    const typed = { port: '5353', description: 'kept' };
    const asked = await visitor.post('/services/dnsservice/publish', typed);
    expect([asked.statusCode, web.panel.jobs.running()]).toEqual([200, []]);
    const form = formIn(asked.body);
    expect(form).toMatch(/role="alert"[\s\S]*Nothing listens on port 5353/);
    expect(form).toContain('value="kept"');
    expect(form).toContain('Announce it anyway');
    const warned = /name="warned" value="([^"]+)"/.exec(form)?.[1] ?? '';
    const other = await visitor.post('/services/dnsservice/publish', { ...typed, port: '5354', warned });
    expect(other.statusCode).toBe(200);
    expect((await visitor.post('/services/dnsservice/publish', { ...typed, warned })).statusCode).toBe(303);
    await web.panel.end();
    expect((await visitor.postJson('/api/v1/services/dnsservice/publish', typed)).statusCode).toBe(202);
  });

  it('comes with the lines that open it, where the running unit has such lines', async () => {
    const visitor = await owner();
    const unbound = { unit: 'unbound.service', state: 'running', enabled: true } as const;
    view({ port: port('loopback', 'loopback'), units: [unbound] });
    const lines = 'server:\n  interface-automatic: yes\n  access-control: 10.0.0.0/8 allow\n';
    const { body } = await visitor.get('/services/dnsservice');
    expect(body).toContain('/etc/unbound/unbound.conf.d/community.conf');
    expect(body).toContain(lines);
    Object.assign(web.panel, { config: { ...web.panel.config, communityRanges: ['10.1.0.0/16', 'fd00:1::/32'] } });
    const own = 'yes\n  access-control: 10.1.0.0/16 allow\n  access-control: fd00:1::/32 allow</pre>';
    expect((await visitor.get('/services/dnsservice')).body).toContain(own);
    Object.assign(web.panel, { config: { ...web.panel.config, communityRanges: null } });
    expect((await new Visitor(web).get('/services/dnsservice')).body).not.toContain(lines);
    view({ port: port('open', 'open'), units: [unbound] });
    expect((await visitor.get('/services/dnsservice')).body).not.toContain(lines);
    view({ port: port('loopback', 'loopback'), units: [{ ...unbound, unit: 'named.service' }] });
    expect((await visitor.get('/services/dnsservice')).body).not.toContain(lines);
  });
});

describe('the log', () => {
  const lines = ['2026-11-23T05:00:00+0000 node7 squid[7]: <b>ready</b>', 'the end'];

  it('is shown with a button to copy it, escaped, to the owner only', async () => {
    const visitor = await owner();
    own({ log: async (_, unit = 'squid.service') => ({ unit, lines }) });
    const { body } = await visitor.get('/services/proxy3/log?unit=squid.service');
    expect(body).toContain('Log of squid.service');
    expect(body).toContain('&lt;b&gt;ready&lt;/b&gt;\nthe end</pre>');
    expect(body).toContain('cs-copy-button');
    const api = await visitor.get('/api/v1/services/proxy3/log?unit=squid.service');
    expect(api.json()).toEqual({ unit: 'squid.service', lines });
    expect((await new Visitor(web).get('/api/v1/services/proxy3/log')).statusCode).toBe(401);
    expect((await new Visitor(web).get('/services/proxy3/log')).headers.location).toContain('/login?next=');
  });

  it('says which group may read it where the panel may not', async () => {
    const visitor = await owner();
    own({ log: () => Promise.reject(new PanelError('log-unreadable', 'No.', 'Join systemd-journal.')) });
    const { body, statusCode } = await visitor.get('/services/proxy3/log');
    expect(statusCode).toBe(403);
    expect(body).toContain('systemd-journal');
  });
});

describe('announcing', () => {
  it('begins with a button beside the own service: the list stands without a form', async () => {
    const visitor = await owner();
    previews();
    const { body } = await visitor.get('/services/proxy3');
    expect(body).not.toContain('id="publish"');
    expect(body).toContain('href="/services/proxy3?announce=yes#publish">Announce it…</a>');
    expect((await new Visitor(web).get('/services/proxy3')).body).not.toContain('?announce');
    const form = (await visitor.get('/services/proxy3?announce=yes')).body;
    expect(form.indexOf('id="publish"')).toBeLessThan(form.indexOf('id="type"'));
  });

  it('is previewed as the row that neighbours will see, which leads nowhere', async () => {
    const visitor = await owner();
    previews();
    const { body } = await visitor.get('/services/proxy3?announce=yes');
    const [, row = ''] = /<div class="cs-preview" inert>(.*?)<\/table>/s.exec(body) ?? [];
    expect(row).toContain('cs-row-new');
    expect(row.replaceAll(/<[^>]*>/g, ' ')).toMatch(
      new RegExp(`${hostname().split('.')[0]}\\s.*Not measured yet`, 'is'),
    );
    expect(body).toMatch(/<details id="cs-publish-json">[\s\S]*&quot;p&quot;: &quot;3128&quot;/);
  });

  it('proposes the description in the panel’s language, and says so in the page’s', async () => {
    const visitor = await owner();
    const { body } = await visitor.get('/services/proxy3?announce=yes', { 'accept-language': 'es' });
    expect(body).toContain('en el idioma del panel (English)');
  });

  it('shows what neighbours will see and how full the tags are, and has no form for a reader', async () => {
    const visitor = await owner();
    previews();
    const { body } = await visitor.get('/services/proxy3?announce=yes');
    expect(body).toContain('&quot;p&quot;: &quot;3128&quot;');
    expect(body).toMatch(/<meter min="0" max="512" value="200"/);
    expect(body).toContain('200 of 512 bytes');
    expect(body).toContain('2 other announcements from this node stay as they are.');
    expect(body).toContain('{&quot;s&quot;:&quot;owp&quot;}\n{&quot;d&quot;:&quot;&lt;b&gt;x&quot;}</pre>');
    expect((await new Visitor(web).get('/services/proxy3?announce=yes')).body).not.toContain('id="publish"');
  });

  it('warns that the service does not run, only where that is known', async () => {
    const visitor = await owner();
    previews();
    const warned = async (state: LocalState) => {
      web.panel.states.set('proxy3', localOf({ unit: 'squid.service', state, enabled: true }));
      const { body } = await visitor.get('/services/proxy3?announce=yes');
      return /It is not running: neighbours would find nothing\.[\s\S]*<button[^>]*><span[^>]*>Announce it</.test(body);
    };
    for (const state of ['stopped', 'failed', 'stopping'] as const) expect(await warned(state), state).toBe(true);
    for (const state of ['running', 'starting'] as const) expect(await warned(state), state).toBe(false);
    web.panel.states.clear();
    expect((await visitor.get('/services/proxy3')).body).not.toContain('neighbours would find nothing');
  });

  it('previews the form by a GET without a token', async () => {
    const visitor = await owner('/cloudy');
    previews();
    const { body } = await visitor.get('/cloudy/services/proxy3?announce=yes');
    expect(body).toContain('formmethod="get" formaction="/cloudy/services/proxy3#publish"');
    const form = /<form[^>]*\/publish"[^>]*>([\s\S]*?)<\/form>/.exec(body)?.[1] ?? '';
    expect([...form.matchAll(/<input[^>]* name="(\w+)"/g)].map(([, name]) => name)).toEqual([
      'description',
      'port',
      'attributes',
      'community',
      ...['said', 'by', 'since', 'lang'],
    ]);
    const typed = await visitor.get('/cloudy/services/proxy3?description=A+%3Cb%3E&port=8080');
    expect(typed.body).toContain('&quot;d&quot;: &quot;A_&lt;b&gt;&quot;');
    expect(typed.body).toContain('name="port" value="8080"');
    expect((await visitor.get('/cloudy/api/v1/services/proxy3/preview?port=8080')).json()).toMatchObject({
      entry: { s: 'proxy3', p: '8080' },
      fits: true,
    });
  });

  it('says what is wrong next to the field, and keeps what was typed', async () => {
    const visitor = await owner();
    previews();
    const fails = (word: string, form: PublishForm): never => {
      toEntry(word, { ...defaultForm(web.panel.services.of(word), 'en', ''), ...form }, '10.1.2.3');
      throw new Error('it was to be refused');
    };
    own({ publish: fails });
    const { body } = await visitor.post('/services/proxy3/publish', { port: '70000', description: 'kept' });
    expect(body).toMatch(/name="port" value="70000"[^>]*aria-invalid="true"[\s\S]*It must be a number from 1 to 65535/);
    expect(body).toContain('value="kept"');
    const long = await visitor.post('/services/proxy3/publish', { description: 'x'.repeat(101) });
    expect(long.body).toMatch(/name="description"[^>]*aria-invalid="true"/);
    const api = await visitor.postJson('/api/v1/services/proxy3/publish', { port: '0' });
    expect([api.statusCode, api.json().error.code]).toEqual([400, 'bad-request']);
  });

  it('explains each field whose name does not', async () => {
    const visitor = await owner();
    previews();
    const { body } = await visitor.get('/services/proxy3?announce=yes');
    for (const [name, words] of [
      ['attributes', 'What neighbours need to know to use it'],
      ['community', 'The community name that your neighbours’ services use'],
    ]) {
      expect(body).toMatch(new RegExp(`name="${name}"[^>]* aria-describedby="cs-publish-${name}-help"`));
      expect(body).toMatch(new RegExp(`<p id="cs-publish-${name}-help"[^>]*>${words}`));
    }
  });

  it('stays on the page with scripts: progress and errors are shown at the form', async () => {
    const visitor = await owner();
    previews();
    const page = await visitor.get('/services/proxy3?announce=yes');
    expect(page.body).toMatch(/hx-post="\/services\/proxy3\/publish" hx-target="#type" hx-swap="outerMorph"/);
    const begun = await visitor.post('/services/proxy3/publish', { port: '3128', description: 'kept' }, HTMX);
    expect(begun.body).toMatch(/^<section id="type"/);
    expect(begun.body).toMatch(/<section id="publish"[^>]* hx-swap-oob="outerHTML"[\s\S]*value="kept"/);
    expect(begun.body.match(/Announcing Web proxy[^<]*</g)).toEqual(['Announcing Web proxy…<']);
    const poll = /hx-get="([^"]+)"/.exec(begun.body)?.[1] ?? '';
    const during = (await visitor.get(poll, HTMX)).body;
    expect(during).toMatch(/<div id="cs-published" hx-swap-oob="outerMorph">[\s\S]*Announcing Web proxy…/);
    expect(during).not.toContain('id="publish"');
    await web.panel.end();
    const after = (await visitor.get(poll, HTMX)).body;
    expect(after).toMatch(/<div id="cs-published" hx-swap-oob="outerMorph">[\s\S]*Announcing Web proxy: Done/);
    expect(after).toMatch(/<span id="cs-publish-label" hx-swap-oob="outerMorph">Change the announcement</);
    own({ publish: () => toEntry('proxy3', defaultForm(web.panel.services.of('owp'), 'en', ''), '') as never });
    const wrong = await visitor.post('/services/proxy3/publish', { port: '70000' }, HTMX);
    expect(wrong.statusCode).toBe(200);
    expect(wrong.body).toMatch(/hx-swap-oob[\s\S]*value="70000"[^>]*aria-invalid="true"/);
  });

  it('is followed beside "On this node" where the form is not open', async () => {
    const visitor = await owner();
    previews();
    web.panel.own.publish('proxy3', {});
    const page = (await visitor.get('/services/proxy3')).body;
    expect(page).toMatch(/class="cs-announcing">[\s\S]*Announcing Web proxy…[\s\S]*href="\/jobs\//);
    const open = (await visitor.get('/services/proxy3?announce=yes')).body;
    expect(open.match(/Announcing Web proxy…/g)).toHaveLength(1);
  });

  it('is a job with its page, by form and by API, and so is unpublishing', async () => {
    const visitor = await owner();
    previews();
    for (const kind of ['publish', 'unpublish']) {
      const page = await visitor.post(`/services/proxy3/${kind}`, { port: '3128' });
      expect(page.statusCode).toBe(303);
      const job = await visitor.get(String(page.headers.location));
      expect(job.body).toContain(kind === 'publish' ? 'Announcing' : 'Withdrawing the announcement of');
      expect((await visitor.postJson(`/api/v1/services/proxy3/${kind}`)).json().job.kind).toBe(kind);
      await web.panel.end();
    }
    expect((await new Visitor(web).post('/services/proxy3/publish')).statusCode).toBe(401);
  });

  it('warns before the tags are full', async () => {
    const visitor = await owner();
    previews(600);
    const { body } = await visitor.get('/services/proxy3?announce=yes');
    expect(body).toContain('It does not fit: Serf carries at most 512 bytes per node.');
    expect(body).toMatch(/<meter[^>]* value="512"/);
  });

  it('says why there is no preview while the agent is away, and has none in the demo', async () => {
    const visitor = await owner();
    expect((await visitor.get('/services/proxy3?announce=yes')).body).toContain('The Serf agent does not answer.');
    await web.app.close();
    web = await startWeb({ demo: true });
    const demo = await new Visitor(web).login();
    expect((await demo.get('/services/proxy3?announce=yes')).body).not.toContain('id="publish"');
  });

  it('has fields for what is said of it, which become attributes', async () => {
    const visitor = await owner();
    previews();
    const form = 'description=El+meu&attributes=a%3D1+full%3D1&said=yes&by=El+Mas&open=ask&lang=ca%2C+es';
    const { body } = await visitor.get(`/services/proxy3?${form}`);
    expect(body).toContain('&quot;t&quot;: &quot;a=1&amp;by=El_Mas&amp;open=ask&amp;lang=ca,es&quot;');
    for (const field of ['name="attributes" value="a=1"', 'name="by" maxlength="40" value="El Mas"'])
      expect(body).toContain(field);
    expect(body).toMatch(/<option value="ask" selected>/);
    expect(body).toContain('<option value="1">full');
    const again = (await visitor.get('/services/proxy3?description=x&attributes=full%3D1+by%3DAnna')).body;
    expect(again).toContain('<option value="1" selected>full');
    expect(again).toContain('name="attributes" value=""');
  });

  it('is previewed without Serf as the local network will see it', async () => {
    const visitor = await owner();
    previews();
    const { preview } = web.panel.own;
    own({ preview: async (...of) => ({ ...(await preview(...of)), others: null, bytes: null }) });
    const { body } = await visitor.get('/services/proxy3?description=El+meu&attributes=a%3D1+b%3D2');
    expect(body).toContain('No Serf agent answers: for now, only the local network will see it.');
    expect(body).toContain('El meu _proxy3._tcp 3128\na=1\nb=2</pre>');
    expect(body).not.toContain('<meter');
  });

  it.each([
    ['announced', 'announced on the local network', null],
    ['no-program', 'avahi-publish is missing', 'apt install avahi-utils'],
    ['no-daemon', 'announcing needs avahi-daemon', 'apt install avahi-daemon'],
    ['off', 'AVAHI=off', null],
  ] as const)('says beside Serf that on the local network it is: %s', async (lan, text, command) => {
    const visitor = await owner();
    const publication = { entry: ENTRY, unit: null, untold: true, at: NOW, withdrawn: null };
    view({ publication, lan });
    const { body } = await visitor.get('/services/proxy3');
    expect(body).toContain('not announced through Serf yet: no agent answers');
    expect(body).toContain(text);
    expect(body.includes('apt install avahi')).toBe(command !== null);
    if (command) expect(body).toContain(command);
    expect((await visitor.get('/api/v1/services/proxy3/own')).json()).toMatchObject({ lan, publication });
  });

  it('by another program is recognised by its source', async () => {
    const visitor = await owner();
    const seen = ranked('proxy3', 1, { provider: { self: true, sources: ['avahi'] } });
    web.panel.lists.set('proxy3', [seen]);
    const type = await web.panel.type('proxy3');
    web.panel.type = async () => ({ ...type, local: { ...type.local, published: true } });
    const { body } = await visitor.get('/services/proxy3');
    expect(body).toContain('not announced through Serf<');
    expect(body).toContain('announced on the local network');
  });

  it.each([
    ['not-running', 'the service had not been running for half an hour.'],
    ['silent', 'nothing had listened on its port for half an hour.'],
    ['removed', 'Another program on this node'],
  ] as const)('that was withdrawn (%s) says why and since when, and can be forgotten', async (why, text) => {
    const visitor = await owner();
    const withdrawn = { at: NOW - 60_000, why };
    view({ publication: { entry: ENTRY, unit: 'squid.service', untold: false, at: NOW - 7_200_000, withdrawn } });
    const { body } = await visitor.get('/services/proxy3');
    expect(body).toContain(text);
    expect(body).toContain('action="/services/proxy3/unpublish"');
    expect((await visitor.get('/api/v1/services/proxy3/own')).json()).toMatchObject({ publication: { withdrawn } });
  });

  describe('entries of any program', () => {
    const entry = (s: string, p: string, d: string) => ({ ...ENTRY, s, p, d });
    const formPorts = (body: string, verb: string) =>
      [...body.matchAll(new RegExp(`action="/services/\\w+/${verb}"[\\s\\S]*?name="port" value="(\\d+)"`, 'g'))].map(
        ([, port]) => port,
      );

    it('can be changed and withdrawn, also of a type that is none of the built-in ones', async () => {
      const visitor = await owner();
      previews(200, [], { replaces: '8080' });
      view({ announced: [entry('Docker', '8080', 'A_b')] });
      web.panel.lists.set('Docker', [ranked('Docker', 1, { provider: { self: true } })]);
      const { body } = await visitor.get('/services/Docker?description=x&port=8080');
      expect(body).toContain('id="publish"');
      expect(body).toContain('name="replaces" value="8080"');
      // Also where what was typed cannot be announced.
      const wrong = await visitor.get('/services/Docker?description=x&port=no&replaces=8080');
      expect(wrong.body).toContain('name="replaces" value="8080"');
      expect(body).not.toContain('Debian has no package');
      expect(formPorts(body, 'unpublish')).toEqual(['8080']);
      const reader = (await new Visitor(web).get('/services/Docker')).body;
      expect(reader).not.toMatch(/id="publish"|unpublish/);
    });

    it('are each listed by port where there are several, with a link to choose one', async () => {
      const visitor = await owner();
      const asked: unknown[] = [];
      previews();
      const { preview, unpublish } = web.panel.own;
      own({
        preview: (word, form) => {
          asked.push(form);
          return preview(word, form);
        },
        unpublish: (word, port) => {
          asked.push(port);
          return unpublish(word, port);
        },
      });
      view({ announced: [entry('Docker', '8080', '<b>'), entry('Docker', '8081', 'two')] });
      web.panel.lists.set('Docker', [ranked('Docker', 1, { provider: { self: true } })]);
      const { body } = await visitor.get('/services/Docker?replaces=8081');
      expect(formPorts(body, 'unpublish')).toEqual(['8080', '8081']);
      expect(body).toContain('<code>8080</code> &lt;b&gt;');
      expect(body).toContain('href="/services/Docker?replaces=8081#publish"');
      await visitor.post('/services/Docker/unpublish', { port: '8081' });
      expect(asked).toEqual([{ replaces: '8081' }, '8081']);
    });
  });

  it('has no form for a type that this node does not have', async () => {
    const visitor = await owner();
    web.panel.lists.set('pastecat', []);
    const { body, statusCode } = await visitor.get('/services/pastecat');
    expect(statusCode).toBe(200);
    expect(body).not.toContain('id="publish"');
  });
});
