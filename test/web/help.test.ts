/** Help: the chain from this node's agent to an answering service, broken at every link in turn. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SkippedRow } from '../../plugin/announcement/skipped.js';
import { readTag } from '../../plugin/announcement/tag-read.js';
import type { Step } from '../../plugin/present/diagnosis.js';
import type { SerfRpc } from '../../plugin/serf/client.js';
import type { Member, MemberStatus } from '../../plugin/serf/member.js';
import type { SkippedGroup } from '../../plugin/web/pages/skipped.js';
import { writeTag } from '../announcement/packed.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NUMBERLESS, ranked, SERF_AWAY, SERF_UP } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

/** The tag of a node that announces these types at the address of the fake community's first row. */
function encodeTag(...types: readonly string[]): string {
  return writeTag(types.map((s) => ({ s, d: 'D', m: 'host.guifi.local', i: '10.139.40.1', p: '53', e: '', t: '' })));
}

function member(name: string, services?: string, status: MemberStatus = 'alive'): Member {
  const tags = new Map(services === undefined ? [] : [['services', services]]);
  return { name, address: '10.139.40.1', port: 5000, status, tags };
}

/** A panel whose agent, named `here`, knows these members besides itself. */
async function community(...others: readonly Member[]): Promise<void> {
  web = await startWeb();
  const stats = new Map([['agent', new Map([['name', 'here']])]]);
  const members = [{ ...member('here'), address: '10.139.40.99' }, ...others];
  const client = { stats: async () => stats, members: async () => members };
  web.panel.discovery.serfClient = () => client as unknown as SerfRpc;
  const listed = members.filter(({ status }) => status !== 'left');
  const announced = listed.flatMap(({ name, tags }) =>
    readTag(tags.get('services') ?? '').entries.map((entry) => ({ ...entry, node: name, gossip: null })),
  );
  web.panel.discovery.announcements = () => announced;
}

async function walk(node: string, type = ''): Promise<Step[]> {
  const query = new URLSearchParams({ node, type }).toString();
  return (await new Visitor(web).get(`/api/v1/help/not-listed?${query}`)).json().steps;
}

/** The link at which it ends, what is said there, and that nothing behind it is looked at. */
async function end(node: string, type?: string): Promise<Step | undefined> {
  const steps = await walk(node, type);
  expect(steps).toHaveLength(8);
  const at = steps.findIndex(({ state }) => state !== 'yes');
  for (const step of steps.slice(at + 1)) expect(step.text).toBe('Not checked: it depends on the step before.');
  return steps[at];
}

describe('the diagnosis', () => {
  it('holds from end to end for a service that answers', async () => {
    await community(member('torre', encodeTag('dnsservice')));
    const steps = await walk('torre', 'dnsservice');
    expect(steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
      ...['agent yes', 'joined yes', 'member yes', 'tag yes', 'readable yes', 'type yes', 'allowed yes', 'answers yes'],
    ]);
    expect(steps.every(({ todo }) => todo === '')).toBe(true);
    expect(steps[1]?.text).toBe('2 nodes are alive, this one included.');
  });

  it('ends at an agent that does not answer, with the way to start it', async () => {
    web = await startWeb();
    const step = await end('torre', 'dnsservice');
    expect(step).toMatchObject({ id: 'agent', state: 'no', text: 'The Serf agent does not answer.' });
    expect(step?.todo).toContain('systemctl start serf');
  });

  it('says that a node without Serf has its list from elsewhere', async () => {
    web = await startWeb();
    web.panel.sourceList = [{ ...SERF_AWAY, state: 'off' }];
    const step = await end('torre');
    expect(step).toMatchObject({ id: 'agent', state: 'unknown', todo: expect.stringContaining('skipped') });
  });

  it('says that the demo has no agent', async () => {
    web = await startWeb({ demo: true });
    expect(await end('torre')).toMatchObject({ id: 'agent', state: 'unknown', todo: expect.stringContaining('DEMO') });
  });

  it('ends at a node that has joined no living member', async () => {
    await community(member('torre', undefined, 'failed'));
    expect(await end('torre')).toMatchObject({ id: 'joined', state: 'no', todo: expect.stringContaining('serf join') });
  });

  it('ends at an unknown node, and suggests the nearest name', async () => {
    await community(member('la-torre'), member('x'.repeat(128)));
    expect(await end('la-tore')).toMatchObject({
      ...{ id: 'member', state: 'no', text: 'No member is called “la-tore”.' },
      todo: expect.stringContaining('“la-torre”'),
    });
    expect((await end('elsewhere'))?.todo).toBe(
      'That node’s agent must be running and must have joined the community.',
    );
  });

  it.each([
    ['failed', 'its agent does not answer', 'UDP'],
    ['left', 'has left', 'Start the agent'],
  ] as const)('ends at a member that has %s', async (status, text, todo) => {
    await community(member('torre', encodeTag('dnsservice'), status), member('other'));
    expect(await end('torre', 'dnsservice')).toMatchObject({
      ...{ id: 'member', state: 'no', text: expect.stringContaining(text), todo: expect.stringContaining(todo) },
    });
  });

  it('prefers the living of two matching members', async () => {
    await community(member('Torre', undefined, 'failed'), member('torre', encodeTag('dnsservice')));
    expect((await walk('TORRE', 'dnsservice')).at(-1)).toMatchObject({ id: 'answers', state: 'yes' });
  });

  it('finds a node also by its address and by its announced host', async () => {
    await community(member('torre', encodeTag('dnsservice')));
    for (const name of ['10.139.40.1', 'HOST.guifi.local'])
      expect((await walk(name, 'dnsservice')).at(-1)).toMatchObject({ state: 'yes' });
  });

  it('decodes only the tags of members that left to find a host', async () => {
    const [torre, gone] = [member('torre', encodeTag('proxy3')), member('gone', encodeTag('proxy3'), 'left')];
    await community(torre, { ...gone, address: null });
    const reads = [torre, gone].map(({ tags }) => vi.spyOn(tags as Map<string, string>, 'get'));
    expect(await end('no-such-host')).toMatchObject({ id: 'member' });
    expect(reads.map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
    await community({ ...gone, address: null }, member('other'));
    expect((await end('host.guifi.local'))?.text).toContain('has left');
  });

  it('ends at a node that announces nothing; without a name, at this node', async () => {
    await community(member('torre'));
    expect(await end('torre')).toMatchObject({ id: 'tag', state: 'no', todo: expect.stringContaining('Announce') });
    expect(await end('')).toMatchObject({ id: 'tag', state: 'no' });
    expect((await walk(''))[2]?.text).toBe('here, at 10.139.40.99.');
  });

  it('ends at an unreadable announcement, with the reason', async () => {
    await community(member('torre', '!!!'), member('empty', encodeTag()));
    expect(await end('torre')).toMatchObject({
      id: 'readable',
      state: 'no',
      text: 'None of it can be read:',
      counts: [{ text: '1 skipped: invalid base64', path: 'help/skipped?source=serf&reason=bad-base64&node=torre' }],
    });
    expect(await end('empty')).toMatchObject({ id: 'readable', state: 'no', text: 'The announcement is empty.' });
  });

  it('continues past an announcement of which a part is unreadable, and says so', async () => {
    await community(member('torre', encodeTag('dnsservice', 'not a type')));
    const steps = await walk('torre', 'dnsservice');
    expect(steps[4]).toMatchObject({ state: 'yes', text: 'Not all of it can be read:' });
    expect(steps[4]?.counts).toEqual([
      { text: '1 service', path: 'help/heard?source=serf&node=torre' },
      { text: '1 skipped: invalid type', path: 'help/skipped?source=serf&reason=bad-type&node=torre' },
    ]);
    expect(steps[7]?.state).toBe('yes');
  });

  it('ends at a type that is not announced, and asks for one where none is given', async () => {
    await community(member('torre', encodeTag('dnsservice', 'proxy3')));
    expect(await end('torre', 'syncthing')).toMatchObject({
      ...{ id: 'type', state: 'no', text: 'It announces dnsservice, proxy3, but not “syncthing”.' },
    });
    expect(await end('torre')).toMatchObject({
      id: 'type',
      state: 'unknown',
      text: 'It announces: dnsservice, proxy3.',
    });
  });

  it.each(['DNSservice', 'DNS server', 'servidor dns', 'DNS-Server', 'domain'])(
    'finds the type that is called %s in some language, in another case, or by another announcer',
    async (type) => {
      await community(member('torre', encodeTag('dnsservice', 'proxy3')));
      expect((await walk('torre', type)).map(({ state }) => state)).toEqual(Array(8).fill('yes'));
      const query = new URLSearchParams({ node: 'node1', type }).toString();
      const { listed } = (await new Visitor(web).get(`/api/v1/help/not-listed?${query}`)).json();
      expect(listed).toMatchObject([{ type: 'dnsservice', name: 'node1' }]);
    },
  );

  it.each([
    ['DNS', 'en', 'Did you mean “dnsservice” (DNS server)? Type it above.'],
    ['servidor', 'ca', 'Potser voleu dir «dnsservice» (Servidor DNS): escriviu-ho a dalt.'],
    ['proxy', 'es', 'Quizá quiere decir «proxy3» (Proxy web): escríbalo arriba.'],
    ['printer', 'en', 'If it runs there, announce it on that node.'],
  ])('suggests the type that “%s” means in %s', async (type, language, todo) => {
    await community(member('torre', encodeTag('dnsservice', 'proxy3')));
    const query = new URLSearchParams({ node: 'torre', type }).toString();
    const visitor = new Visitor(web, { 'accept-language': language });
    const { steps } = (await visitor.get(`/api/v1/help/not-listed?${query}`)).json();
    expect(steps[5]).toMatchObject({ id: 'type', state: 'no', todo });
  });

  it('ends at an address outside the community', async () => {
    await community(member('torre', encodeTag('dnsservice')));
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 1, { provider: { barred: 'not-allowed' } })]);
    expect(await end('torre', 'dnsservice')).toMatchObject({
      ...{ id: 'allowed', state: 'no', todo: expect.stringContaining('COMMUNITY_RANGES') },
    });
  });

  it('says that a new announcement will soon be listed', async () => {
    await community(member('torre', encodeTag('dnsservice')));
    web.panel.lists.clear();
    expect(await end('torre', 'dnsservice')).toMatchObject({ id: 'allowed', state: 'unknown' });
  });

  it('ends at a service that fails or was never measured', async () => {
    await community(member('torre', encodeTag('dnsservice')));
    web.panel.lists.set('dnsservice', [
      ranked('dnsservice', 1, { ...NUMBERLESS, score: 0, level: 0, reason: 'refused' }),
    ]);
    expect(await end('torre', 'dnsservice')).toMatchObject({
      ...{ id: 'answers', state: 'no', text: expect.stringContaining('the port is closed') },
    });
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 1, { ...NUMBERLESS, score: null, measuredAt: null })]);
    expect(await end('torre', 'dnsservice')).toMatchObject({ id: 'answers', state: 'unknown' });
  });
});

describe('the skipped announcements', () => {
  const heardAt = Date.parse('2026-11-20T09:00:00Z');
  const rows: readonly SkippedRow[] = [
    { node: 'torre', type: 'dnsservice', reason: 'bad-port', heardAt },
    { node: 'torre', type: '<i>', reason: 'bad-port', heardAt: heardAt + 60_000 },
    { node: 'camp & riu', type: null, reason: 'bad-bzip2', heardAt },
    { node: null, type: null, reason: 'odd', heardAt },
  ];
  async function open(): Promise<Visitor> {
    web = await startWeb();
    web.panel.sourceList = [
      { ...SERF_UP, skipped: { 'bad-port': 2, 'bad-bzip2': 41, odd: 1 } },
      { ...SERF_UP, name: 'list', skipped: { 'bad-port': 1 } },
    ];
    const [row] = rows as [SkippedRow];
    web.panel.discovery.skipped = (source) => (source === 'serf' ? rows : [row]);
    return new Visitor(web, { 'accept-language': 'en' });
  }
  const ask = async (query: string) =>
    (await (await open()).get(`/api/v1/help/skipped${query}`)).json().skipped as SkippedGroup[];

  it('come with the reason, its meaning, what to do, and the rows, newest first', async () => {
    expect(await ask('?source=serf&reason=bad-port')).toEqual([
      {
        ...{
          source: 'serf',
          reason: 'bad-port',
          text: 'invalid port',
          means: 'The port is not a number from 1 to 65535.',
        },
        ...{ todo: 'Ask the owner of torre to announce it again.', count: 2 },
        rows: [
          { node: 'torre', type: '<i>', heardAt: '2026-11-20T09:01:00.000Z' },
          { node: 'torre', type: 'dnsservice', heardAt: '2026-11-20T09:00:00.000Z' },
        ],
      },
    ]);
  });

  it.each([
    ['', 4],
    ['?source=list', 1],
    ['?reason=bad-port', 2],
    ['?node=torre', 2],
    ['?source=serf&node=torre', 1],
    ['?source=avahi', 0],
    ['?reason=bad-json', 0],
    ['?reason[x]=1', 4],
  ])('filtered by “%s” come in %i groups', async (query, count) => {
    expect(await ask(query)).toHaveLength(count);
  });

  it.each(['source=serf&source=avahi', 'source=wifi', 'node=a&node=b'])(
    'asked with “?%s” is refused, by name, as it is on the page',
    async (query) => {
      const visitor = await open();
      const { statusCode, body } = await visitor.get(`/api/v1/help/skipped?${query}`);
      expect([statusCode, JSON.parse(body).error.code]).toEqual([400, 'bad-query']);
      for (const page of ['skipped', 'heard', 'not-listed'].slice(0, query.startsWith('node') ? 3 : 2))
        expect((await visitor.get(`/help/${page}?${query}`)).statusCode).toBe(400);
    },
  );

  it('of the hand-kept list are for the owner to correct', async () => {
    expect((await ask('?source=list'))[0]?.todo).toContain('PROVIDERS_FILE');
  });

  it('are a page that links to the diagnosis of each node, and says what is not stored', async () => {
    const { body } = await (await open()).get('/help/skipped?source=serf');
    expect(body).toContain('href="/help/not-listed?node=torre&amp;type=dnsservice">torre</a> · dnsservice');
    expect(body).toContain('href="/help/not-listed?node=camp+%26+riu&amp;type=">camp &amp; riu</a>');
    expect(body).toContain('And 40 more, not recorded.');
    expect(body).toContain('· &lt;i&gt;');
    expect(body).toContain('unknown node');
    expect((await (await open()).get('/help/skipped?source=avahi')).body).toContain('No announcements were skipped.');
  });

  it('are linked with their count from the settings and the diagnosis', async () => {
    const visitor = await open();
    const { body } = await visitor.get('/settings');
    expect(body).toContain('href="/help/skipped?source=serf&amp;reason=bad-bzip2">41 skipped</a>');
    await web.app.close();
    await community(member('torre', '!!!'));
    const walked = await new Visitor(web).get('/help/not-listed?node=torre');
    expect(walked.body).toContain('href="/help/skipped?source=serf&amp;reason=bad-base64&amp;node=torre">1 skipped');
  });
});

describe('the help page', () => {
  it.each([
    ['en', 'Help', 'Why is a service not listed?', 'No member is called'],
    ['es', 'Ayuda', '¿Por qué no aparece un servicio en la lista?', 'Ningún miembro se llama'],
    ['ca', 'Ajuda', 'Per què no surt un servei a la llista?', 'Cap membre es diu'],
  ])('in %s is linked from every page and leads to the diagnosis', async (language, help, title, missing) => {
    await community(member('torre'));
    const visitor = new Visitor(web, { 'accept-language': language });
    expect((await visitor.get('/')).body).toContain(`href="/help">${help}</a>`);
    expect((await visitor.get('/help')).body).toContain('href="/help/not-listed"');
    const { body } = await visitor.get('/help/not-listed?node=<b>&type="x');
    expect(body).toContain(`<h1>${title}</h1>`);
    expect(body).toContain(missing);
    expect(body).toContain('&lt;b&gt;');
    expect(body).not.toContain('<b>');
  });

  it('suggests the type ids, each with the title of its service', async () => {
    await community();
    const { body } = await new Visitor(web, { 'accept-language': 'es' }).get('/help/not-listed');
    expect(body).toContain('<option value="proxy3" label="Proxy web">');
  });

  it.each([
    ['en', ['Recommended', 'As good as the best', 'Pinned', 'Unconfirmed', 'Works', 'well tested']],
    ['es', ['Recomendado', 'Igual de bueno', 'Fijado', 'Sin confirmar', 'Funciona', 'bien comprobado']],
    ['ca', ['Recomanat', 'Igual de bo', 'Fixat', 'Sense confirmar', 'Funciona', 'ben comprovat']],
  ])('in %s explains the words of the list by the words that the list uses', async (language, words) => {
    await community();
    const { body } = await new Visitor(web, { 'accept-language': language }).get('/help');
    for (const word of words) expect(body).toMatch(new RegExp(`[“«]${word}[”»]`));
  });

  it('links what is listed nevertheless', async () => {
    await community();
    const id = web.panel.lists.get('dnsservice')?.[0]?.provider.id;
    const { body } = await new Visitor(web).get('/help/not-listed?node=node1&type=dnsservice');
    expect(body).toContain(`href="/services/dnsservice/providers/${id}"`);
  });

  it('accepts any plain question, and refuses repeated or overlong parameters', async () => {
    await community(member('torre'));
    for (const query of ['', 'type=%00', `node=${'x'.repeat(128)}`, 'node[a]=b'])
      expect((await new Visitor(web).get(`/help/not-listed?${query}`)).statusCode).toBe(200);
    for (const query of ['node=1&node=2', `node=${'x'.repeat(5_000)}`])
      expect((await new Visitor(web).get(`/help/not-listed?${query}`)).statusCode).toBe(400);
  });
});
