/** When somebody is told: after n failures in a row of what this node relies on, once, and once when it is back. */
import { afterEach, describe, expect, it } from 'vitest';
import { Alerts } from '../../plugin/alerts/alerts.js';
import type { Alert } from '../../plugin/alerts/post.js';
import { Post } from '../../plugin/alerts/post.js';
import type { Language } from '../../plugin/model/language.js';
import type { Provider } from '../../plugin/model/provider.js';
import type { LocalService, LocalState } from '../../plugin/model/unit.js';
import { ABSENT } from '../../plugin/node/systemd/index.js';
import { loadServices } from '../../plugin/services/index.js';
import { openStore, type Store } from '../../plugin/store/index.js';
import { NOW, ranked } from '../web/fake-panel.js';

class Kept extends Post {
  readonly alerts: Alert[] = [];
  override send(alert: Alert): void {
    this.alerts.push(alert);
  }
}

const open: Alerts[] = [];
afterEach(() => Promise.all(open.splice(0).map((alerts) => alerts.close())));

async function made({ store = openStore(':memory:', () => NOW), language = 'en' as Language, notifyAfter = 3 } = {}) {
  const providers = new Map<string, Provider>();
  const states = new Map<string, LocalService>();
  const post = new Kept({ url: 'http://127.0.0.1:1/', kind: 'webhook' });
  const deps = {
    config: { notifyKind: 'webhook' as const, notifyAfter, language },
    services: await loadServices(),
    discovery: { find: (id: string) => providers.get(id) ?? null, providers: () => [...providers.values()] },
    local: { states: async () => states, problem: async () => null },
    ...{ store, now: () => NOW },
  };
  const alerts = new Alerts(deps, post);
  open.push(alerts);
  const add = (of: Partial<Provider> = {}) => {
    const { provider } = ranked('dnsservice', providers.size + 1, { provider: of });
    providers.set(provider.id, provider);
    return provider.id;
  };
  const looks = (id: string, ...ends: readonly ('ok' | 'fails')[]) => {
    for (const end of ends) {
      tried(store, id, end);
      alerts.check('dnsservice', [id]);
    }
  };
  const unit = async (state: LocalState) => {
    states.set('dnsservice', { ...ABSENT, state });
    await alerts.checkOwn();
  };
  return { alerts, sent: post.alerts, add, looks, unit, store, providers };
}

let at = NOW;
function tried(store: Store, provider: string, end: 'ok' | 'fails') {
  at += 1;
  const of = { type: 'dnsservice', provider, at, bytes: 100 };
  if (end === 'ok') store.attempts.add({ ...of, reason: null, level: 3, samples: [], facts: {} });
  else store.attempts.add({ ...of, reason: 'timeout', level: 0, detail: null });
}

const recommend = (store: Store, provider: string) =>
  store.recommendations.put('dnsservice', { provider, challenger: null });

describe('the recommended provider', () => {
  it('is reported once after three failures in a row, and once when it is back', async () => {
    const { add, looks, store, sent } = await made();
    const id = add();
    recommend(store, id);
    looks(id, 'fails', 'fails');
    expect(sent).toEqual([]);
    looks(id, 'fails', 'fails', 'fails');
    expect(sent).toEqual([
      {
        ...{ event: 'failing', type: 'dnsservice', service: 'DNS server', own: false, reason: 'timeout', misses: 3 },
        ...{ at: new Date(NOW).toISOString(), provider: { id, node: 'node1', address: '10.139.40.1', port: 53 } },
        text: 'node1 (DNS server) is not working: does not answer in time.',
      },
    ]);
    looks(id, 'ok', 'ok');
    expect(sent.slice(1)).toMatchObject([{ event: 'back', reason: null, misses: 5 }]);
  });

  it('is followed although another provider is recommended after its first failure', async () => {
    const { add, looks, store, sent } = await made();
    const [id, next] = [add(), add()];
    recommend(store, id);
    looks(id, 'fails');
    recommend(store, next);
    looks(id, 'fails', 'fails');
    expect(sent.map(({ event }) => event)).toEqual(['failing']);
  });

  it('is reported once when it is much slower than usual, in each language, and again only after it was as usual', async () => {
    const texts: string[] = [];
    for (const language of ['en', 'ca', 'es'] as const) {
      const { alerts, add, store, sent } = await made({ language });
      const id = add();
      recommend(store, id);
      const times = [20, 21, 19, 20, 22, 20, 95, 105, 100, 20, 21];
      for (const [nth, value] of times.entries()) {
        const samples = [{ metric: 'answer', value, method: 'udp' }];
        const of = { type: 'dnsservice', provider: id, at: NOW - (times.length - nth) * 3 * 3_600_000, bytes: 100 };
        store.attempts.add({ ...of, reason: null, level: 3, samples, facts: {} });
        alerts.check('dnsservice', [id]);
      }
      expect(sent).toMatchObject([{ event: 'worse', own: false, reason: null, misses: 0 }]);
      texts.push(String(sent[0]?.text));
    }
    const times = ['100', '20'].map((ms) => `${ms}\u00a0ms`);
    for (const text of texts) for (const time of times) expect(text).toContain(time);
    expect(new Set(texts).size).toBe(3);
  });

  it('is not reported where it answers now and then', async () => {
    const { add, looks, store, sent } = await made();
    const id = add();
    recommend(store, id);
    looks(id, 'fails', 'fails', 'ok', 'fails', 'fails', 'ok');
    expect(sent).toEqual([]);
  });

  it('and a pinned one are not reported once the owner has hidden them', async () => {
    const { add, looks, store, sent } = await made();
    const [best, pinned] = [add(), add()];
    recommend(store, best);
    store.opinions.put('dnsservice', best, { hidden: true });
    store.opinions.put('dnsservice', pinned, { pinned: true, hidden: true });
    for (const id of [best, pinned]) looks(id, 'fails', 'fails', 'fails', 'fails');
    expect(sent).toEqual([]);
  });

  it('and pinned providers are reported, and no others', async () => {
    const { add, looks, store, sent } = await made();
    const [best, pinned, other] = [add(), add(), add()];
    recommend(store, best);
    store.opinions.put('dnsservice', pinned, { pinned: true });
    for (const id of [best, other]) store.opinions.put('dnsservice', id, { note: 'mine' });
    for (const id of [other, pinned, best]) looks(id, 'fails', 'fails', 'fails', 'fails');
    expect(sent.map(({ provider }) => provider?.id)).toEqual([pinned, best]);
  });

  it('reported before a restart is reported as back after it, in the node’s language', async () => {
    const before = await made({ notifyAfter: 1 });
    const id = before.add();
    recommend(before.store, id);
    before.looks(id, 'fails');
    const after = await made({ store: before.store, language: 'ca' });
    after.add();
    after.looks(id, 'ok');
    expect(after.sent).toMatchObject([{ event: 'back', text: expect.stringContaining('torna a funcionar') }]);
    expect(after.store.settings.get('failing')).toBeNull();
  });

  it('is forgotten once it is no longer announced', async () => {
    const { add, alerts, looks, store, sent, providers } = await made();
    const id = add();
    recommend(store, id);
    looks(id, 'fails', 'fails');
    providers.clear();
    alerts.check('dnsservice', [id]);
    expect([sent, store.settings.get('failing')]).toEqual([[], null]);
  });
});

describe('an announced own service', () => {
  it('is reported when its unit stays down, and when it runs again', async () => {
    const { add, unit, sent } = await made();
    add({ self: true });
    for (const state of ['running', 'failed', 'failed', 'starting', 'failed', 'failed'] as const) await unit(state);
    expect(sent).toMatchObject([{ event: 'failing', own: true, reason: 'failed', misses: 3 }]);
    expect(sent[0]?.text).toBe('Your own DNS server is not working: failed.');
    await unit('running');
    expect(sent.slice(1)).toMatchObject([{ event: 'back', own: true, text: 'Your own DNS server works again.' }]);
  });

  it('is reported as back although its announcement was withdrawn meanwhile', async () => {
    const { add, unit, sent, providers } = await made({ notifyAfter: 1 });
    add({ self: true });
    await unit('stopped');
    providers.clear();
    await unit('running');
    expect(sent).toMatchObject([{ event: 'failing' }, { event: 'back', provider: null, own: true }]);
  });

  it('is not checked once the panel is closed', async () => {
    const { add, alerts, unit, store, sent } = await made({ notifyAfter: 1 });
    add({ self: true });
    await alerts.close();
    store.close();
    await unit('failed');
    expect(sent).toEqual([]);
  });

  it('is reported, and a service that is not announced is not', async () => {
    const { unit, sent } = await made({ notifyAfter: 1 });
    await unit('failed');
    expect(sent).toEqual([]);
  });
});
