/** Pages without anything to show say why, and what to do next. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../plugin/config/index.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { ranked, SERF_AWAY } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

/** Nobody announces anything; the agent knows so many members. */
async function open(members: number, config: Partial<Config> = {}): Promise<Visitor> {
  web = await startWeb({ config });
  web.panel.lists.clear();
  const stats = async () => new Map([['serf', new Map([['members', String(members)]])]]);
  web.panel.discovery.serfClient = () => ({ stats }) as never;
  return new Visitor(web);
}

const PAGES = ['/', '/services/dnsservice'];

describe.each(PAGES)('%s with nothing to show', (url) => {
  it('says that Serf does not answer, and how to check it', async () => {
    const visitor = await open(1);
    web.panel.sourceList = [SERF_AWAY];
    const { body } = await visitor.get(url);
    expect(body).toContain('no neighbour shows up');
    expect(body).toContain('systemctl status serf');
  });

  it('does not send anybody to Serf where the node does without', async () => {
    const visitor = await open(1);
    web.panel.sourceList = [{ ...SERF_AWAY, state: 'off' }];
    const { body } = await visitor.get(url);
    expect(body).not.toContain('serf join');
    expect(body).not.toContain('systemctl status serf');
    expect(body.includes('cloudy-services doctor')).toBe(url === '/');
  });

  it('says that Serf knows no other node, and how to join', async () => {
    const { body } = await (await open(1)).get(url);
    expect(body).toContain('this node has not joined a community yet');
    expect(body).toContain('<div class="cs-line cs-open" data-line="serf join &lt;address&gt;">');
    const filled = await (await open(1)).get(`${url}?address=${encodeURIComponent('[fd00::1]:5000')}`);
    expect(filled.body).toContain('>serf join [fd00::1]:5000<');
    const evil = await (await open(1)).get(`${url}?address=1;reboot`);
    expect(evil.body).toContain('>serf join &lt;address&gt;<');
    expect(body).toContain('your own list (PROVIDERS_FILE); you can then join with a click');
  });

  it('says that other nodes exist and none announces the service', async () => {
    const { body } = await (await open(7)).get(url);
    expect(body).toContain(
      url === '/' ? 'Nobody is announcing any service' : 'Nobody is announcing this service right now.',
    );
    expect(body).toMatch(/href="\/help\/not-listed/);
  });
});

it.each([
  [{ serfRpc: { host: '127.0.0.1', port: 7374 } }, 'serf join -rpc-addr=127.0.0.1:7374 &lt;address&gt;'],
  [{ serfRpc: { host: '::1', port: 7373 } }, 'serf join -rpc-addr=[::1]:7373 &lt;address&gt;'],
  [{ serfJoin: '10.139.40.22:5000' }, 'serf join 10.139.40.22:5000'],
  [
    { serfRpc: { host: '127.0.0.1', port: 7374 }, serfJoin: 'door.guifi.net:5000' },
    'serf join -rpc-addr=127.0.0.1:7374 door.guifi.net:5000',
  ],
])('with %j shows a join command that works as printed', async (config, command) => {
  expect((await (await open(1, config)).get('/')).body).toContain(`>${command}<`);
});

it('joins through the configured address and earlier peers', async () => {
  const visitor = await open(1, { serfJoin: '10.139.40.22:5000' });
  web.panel.store.settings.set('serf-peers', '10.0.0.7:5000 10.139.40.22:5000 [fd00::9]:5000');
  const { body } = await visitor.get('/');
  expect(body).toContain('nodes that were in it before, or that your configuration names');
  expect(body).toContain('>serf join 10.139.40.22:5000 10.0.0.7:5000 [fd00::9]:5000<');
});

it('queries the panel’s own agent', async () => {
  const { body } = await (await open(7, { serfRpc: { host: '127.0.0.1', port: 7374 } })).get('/');
  expect(body).toContain('>serf members -rpc-addr=127.0.0.1:7374<');
});

it('says that the node is alone although it announces its own service', async () => {
  const visitor = await open(1);
  web.panel.lists.set('dnsservice', [ranked('dnsservice', 1, { provider: { self: true } })]);
  expect((await visitor.get('/services/syncthing')).body).toContain('this node has not joined a community yet');
});

it('says that only this service is missing where others are announced', async () => {
  const visitor = await open(1);
  web.panel.lists.set('dnsservice', [ranked('dnsservice', 1)]);
  expect((await visitor.get('/services/syncthing')).body).toContain('Nobody is announcing this service right now.');
});
