/** What the owner thinks of a provider is kept, shown to the owner alone, and checked. */
import { afterEach, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NOW } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

const STRANGE = '<script>alert(1)</script>';

/** Every look at the clock is a second later. */
function clock(): () => number {
  let at = NOW;
  return () => (at += 1000);
}

async function open() {
  web = await startWeb({ now: clock() });
  const { id } = web.panel.lists.get('dnsservice')?.[0]?.provider ?? { id: '' };
  const page = `/services/dnsservice/providers/${id}`;
  const visitor = await new Visitor(web).login();
  await visitor.get(page);
  return { id, page, visitor, opinions: web.panel.store.opinions };
}

describe('an opinion', () => {
  it('is saved by the form and shown escaped', async () => {
    const { id, page, visitor, opinions } = await open();
    const fields = {
      stars: '4',
      pinned: 'yes',
      note: STRANGE,
      runBy: 'Maria',
      known: 'yes',
      language: 'ca',
      help: 'phone',
    };
    expect((await visitor.post(`${page}/opinion`, fields)).headers.location).toBe(`${page}?saved=yes#cs-saved`);
    expect(opinions.get('dnsservice', id)).toMatchObject({ pinned: true, hidden: false, runBy: 'Maria', known: 'yes' });
    const { body } = await visitor.get(page);
    expect(body).toContain('value="Maria"');
    expect(body).toMatch(/id="cs-star-4" name="stars" value="" aria-pressed="true"/);
    expect(body.match(/class="cs-lit"/g)).toHaveLength(4);
    // The region is there before, so that its change is told.
    const told = (page: string) => /<p id="cs-saved" role="status">(.*?)<\/p>/.exec(page)?.[1];
    expect([told(body), told((await visitor.get(`${page}?saved=yes`)).body)]).toEqual(['', '<strong>Saved.</strong>']);
    expect(body).not.toContain(STRANGE);
  });

  it('is a new rating only when the stars were changed', async () => {
    const { id, page, visitor, opinions } = await open();
    const form = [{ stars: '4' }, { stars: '4' }, {}, { stars: '2' }];
    for (const stars of form) await visitor.post(`${page}/opinion`, { ...stars, note: 'x' });
    expect(opinions.get('dnsservice', id).stars.map(({ stars }) => stars)).toEqual([2, 4]);
  });

  it('is changed by each button alone: a star, the pin, hiding', async () => {
    const { id, page, visitor, opinions } = await open();
    for (const fields of [{ note: 'x' }, { pinned: 'yes' }, { stars: '3' }, { hidden: 'yes' }, { hidden: '' }])
      await visitor.post(`${page}/opinion`, fields);
    expect(opinions.get('dnsservice', id)).toMatchObject({ note: 'x', pinned: true, hidden: false });
    expect(opinions.get('dnsservice', id).stars).toMatchObject([{ stars: 3 }]);
    const { body } = await visitor.get(page);
    expect(body).toMatch(/name="pinned" value="" aria-pressed="true"/);
    expect(body).toMatch(/name="hidden" value="yes" aria-pressed="false"/);
  });

  it('pins or keeps in reserve: each button takes the other back, and stays pressed', async () => {
    const { id, page, visitor, opinions } = await open();
    const buttons = async () =>
      [
        ...(await visitor.get(page)).body.matchAll(/name="(pinned|reserve)" value="\w*" aria-pressed="(true|false)"/g),
      ].map(([, mark, isPressed]) => `${mark} ${isPressed}`);
    await visitor.post(`${page}/opinion`, { pinned: 'yes' });
    expect(await buttons()).toEqual(['pinned true', 'reserve false']);
    await visitor.post(`${page}/opinion`, { reserve: 'yes' });
    expect(await buttons()).toEqual(['pinned false', 'reserve true']);
    expect(opinions.get('dnsservice', id)).toMatchObject({ pinned: false, reserve: true });
    expect(web.panel.store.events.newest(1)).toMatchObject([{ what: 'opinion', provider: id, count: 1 }]);
    await visitor.post(`${page}/opinion`, { reserve: '' });
    expect(await buttons()).toEqual(['pinned false', 'reserve false']);
  });

  it('can take its stars back once there are any', async () => {
    const { id, page, visitor, opinions } = await open();
    const isOffered = async () => (await visitor.get(page)).body.includes('name="stars" value=""');
    expect(await isOffered()).toBe(false);
    await visitor.post(`${page}/opinion`, { stars: '1', note: 'x' });
    expect(await isOffered()).toBe(true);
    await visitor.post(`${page}/opinion`, { stars: '', note: 'x' });
    expect(opinions.get('dnsservice', id)).toMatchObject({ stars: [], note: 'x' });
  });

  it('accepts a note as long as the form allows, although browsers send each line end as two characters', async () => {
    const { id, page, visitor, opinions } = await open();
    const lines = `${'x'.repeat(98)}\n`.repeat(10);
    const note = `${lines}${'x'.repeat(1000 - lines.length)}`;
    expect((await visitor.post(`${page}/opinion`, { note: note.replaceAll('\n', '\r\n') })).statusCode).toBe(303);
    expect(opinions.get('dnsservice', id).note).toBe(note);
  });

  it('is neither shown to a reader nor accepted from one', async () => {
    const { id, page, visitor, opinions } = await open();
    await visitor.post(`${page}/opinion`, { note: 'keeps promises' });
    const reader = new Visitor(web);
    for (const url of [page, `/api/v1${page}`]) expect((await reader.get(url)).body).not.toContain('keeps promises');
    await reader.get('/');
    expect((await reader.post(`${page}/opinion`, { note: 'mine now' })).statusCode).toBe(401);
    expect(opinions.get('dnsservice', id).note).toBe('keeps promises');
  });

  it.each([
    ['both pin and reserve', { reserve: 'yes' }],
    ['six stars', { stars: '6' }],
    ['stars that are no number', { stars: 'many' }],
    ['a note that is too long', { note: 'x'.repeat(1001) }],
    ['a name that is too long', { runBy: 'x'.repeat(101) }],
  ])('with %s is refused whole', async (_, fields) => {
    const { id, page, visitor, opinions } = await open();
    await visitor.post(`${page}/opinion`, { note: 'before' });
    const answer = await visitor.post(`${page}/opinion`, { pinned: 'yes', ...fields });
    expect(answer.statusCode).toBe(400);
    expect(opinions.get('dnsservice', id)).toMatchObject({ note: 'before', pinned: false, stars: [] });
  });

  it('of a provider that is not listed is refused', async () => {
    const { visitor } = await open();
    expect((await visitor.post('/services/dnsservice/providers/nobody/opinion', { note: 'x' })).statusCode).toBe(404);
  });

  it('can be saved through the API', async () => {
    const { page, visitor } = await open();
    const { json } = await visitor.postJson(`/api/v1${page}/opinion`, { stars: '5', hidden: 'yes' });
    expect(json()).toMatchObject({ opinion: { stars: 5, ratings: 1, hidden: true } });
  });

  it('keeps through the API what is not sent, and accepts its own answer', async () => {
    const { page, visitor } = await open();
    const send = async (change: object) => (await visitor.postJson(`/api/v1${page}/opinion`, change)).json();
    const first = await send({ stars: 3, pinned: true, note: 'kept', known: 'no' });
    expect(first).toMatchObject({ opinion: { stars: 3, pinned: true, note: 'kept', known: 'no' } });
    expect(await send({ hidden: true })).toEqual({ opinion: { ...first.opinion, hidden: true } });
    const { ratings, ...said } = first.opinion;
    expect(await send(said)).toEqual(first);
    expect(await send({ stars: null })).toMatchObject({ opinion: { stars: null, ratings: 0, note: 'kept' } });
    expect(await send({ reserve: true })).toMatchObject({ opinion: { reserve: true, pinned: false, note: 'kept' } });
    for (const wrong of [
      { pinned: 1 },
      { reserve: 1 },
      { pinned: true, reserve: true },
      { note: 5 },
      { known: true },
      { stars: 2.5 },
    ])
      expect(await send(wrong)).toMatchObject({ error: { code: 'bad-request' } });
  });
});
