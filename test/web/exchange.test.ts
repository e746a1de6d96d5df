/** The switch with which the owner lets neighbours' panels and this one tell each other what they have measured. */
import { expect, it, onTestFinished } from 'vitest';
import { startWeb, Visitor } from './app.js';
import { problemOf } from './described.js';
import { NOW } from './fake-panel.js';

async function start(options: Parameters<typeof startWeb>[0] = {}) {
  const web = await startWeb(options);
  onTestFinished(() => web.app.close());
  return { ...web, owner: await new Visitor(web).login() };
}
const section = (body: string) => /<section[^>]*id="neighbours">.*?<\/section>/s.exec(body)?.[0] ?? '';

it('says what is told to whom, is off at first, and turns on and off', async () => {
  const { owner, panel } = await start();
  const before = section((await owner.get('/settings')).body);
  expect(before).toContain('the node’s name, but no notes');
  expect(before).toContain('name="turn" value="on"');
  expect(before).not.toContain('name="stars"');
  expect((await owner.post('/settings/neighbours', { turn: 'on' })).headers.location).toBe('/settings#neighbours');
  expect(section((await owner.get('/settings')).body)).toContain('at port 7002');
  await owner.post('/settings/neighbours', { stars: 'on' });
  expect(panel.community.status()).toMatchObject({ on: true, stars: true });
  await owner.post('/settings/neighbours', { turn: 'off' });
  expect(panel.community.status()).toMatchObject({ on: false, stars: true });
  expect(panel.store.events.newest(2).map(({ what }) => what)).toEqual(['share-off', 'share-on']);
});

it('says why neighbours cannot ask', async () => {
  const { owner, panel } = await start();
  const known = panel.community.status;
  panel.community.status = () => ({ ...known(), on: true, address: null, problem: 'EADDRINUSE <b>', tag: 'full' });
  const body = section((await owner.get('/settings')).body);
  expect(body).toContain('EADDRINUSE &lt;b&gt;');
  expect(body).toContain('PEERS');
});

it('shows whom it asked and what came of it, and forgets a key only by a button', async () => {
  const { owner, panel } = await start();
  const forgotten: string[] = [];
  panel.community.forget = (peer) => void forgotten.push(peer);
  const known = panel.community.status;
  const peer = { askedAt: NOW - 7_200_000, rows: 12, problem: null };
  panel.community.status = () => ({
    ...known(),
    on: true,
    peers: [
      { ...peer, id: 'serf la-torre', name: 'la-torre' },
      { ...peer, id: 'serf <i>', name: '<i>', problem: 'other-key' },
    ],
  });
  const body = section((await owner.get('/settings')).body);
  expect(body.match(/<li>/g)).toHaveLength(2);
  expect(body).toMatch(/la-torre<\/strong>.*2 hours ago.*12 providers/);
  expect(body).toContain('&lt;i&gt;');
  expect(body.match(/action="[^"]*forget"/g)).toHaveLength(1);
  await owner.post('/settings/neighbours/forget', { peer: 'serf <i>' });
  expect(forgotten).toEqual(['serf <i>']);
});

it('is the owner’s alone, and not there in the demo', async () => {
  const { app, panel } = await start();
  const reader = new Visitor({ app });
  expect(section((await reader.get('/settings')).body)).toBe('');
  expect((await reader.postJson('/api/v1/settings/neighbours', { turn: 'on' })).statusCode).toBe(401);
  expect(panel.community.status().on).toBe(false);
  const demo = await start({ demo: true });
  expect(section((await demo.owner.get('/settings')).body)).toBe('');
});

it('answers programs as described, and refuses what it does not know', async () => {
  const { owner } = await start();
  const path = '/api/v1/settings/neighbours';
  const answer = await owner.postJson(path, { turn: 'on', stars: 'off' });
  expect(problemOf('POST', path, answer)).toBeNull();
  expect(answer.json()).toMatchObject({ exchange: { on: true, stars: false, problem: null } });
  for (const body of [{}, { turn: 'maybe' }, { turn: 'off', stars: 'yes' }])
    expect((await owner.postJson(path, body)).statusCode).toBe(400);
  expect((await owner.postJson(path, { stars: 'on' })).json()).toMatchObject({ exchange: { on: true, stars: true } });
});
