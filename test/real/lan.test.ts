/** Announcing on the local network without Serf: the real avahi-daemon, and neighbours who browse with and without one. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import type { OwnView } from '../../plugin/node/own-service.js';
import { BUS, Network, type Program } from './namespaces.js';

/** An unprivileged user, as the panel is one. */
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];

type Told = Partial<OwnView> & { readonly state?: string; readonly error?: string | null; readonly pid?: number };
interface Seen {
  readonly providers: readonly (Omit<Provider, 'txt'> & { readonly txt: readonly (readonly [string, string])[] })[];
}

let net: Network;
let bus: { readonly here: string; readonly there: string };
beforeEach(async () => {
  net = new Network();
  net.add('here');
  net.add('there');
  net.join(['here', '10.91.0.1/24'], ['there', '10.91.0.2/24']);
  bus = { here: await net.bus('here'), there: await net.bus('there') };
});
afterEach(() => net.remove());

const avahi = (name: 'here' | 'there') => net.avahi(name, { host: name, services: [], bus: bus[name] });
const start = (name: string, file: string, as: readonly string[] = []) =>
  net.node(name, join(import.meta.dirname, file), { as });

/** The part that announces, without privileges; `path` is where it looks for programs. */
async function announcer(path = process.env.PATH, host = 'there') {
  const program = await start('there', 'lan-program.ts', [
    ...NOBODY,
    ...['env', `${BUS}=${bus.there}`, `PATH=${path}`, `HOST=${host}`, 'LC_ALL=ca_ES.UTF-8'],
  ]);
  const [first] = await lines(program, 1);
  let asked = 1;
  const ask = async (line: string): Promise<Told> => {
    program.tell(line);
    asked++;
    return (await lines(program, asked)).at(-1) ?? {};
  };
  return { program, ask, pid: first?.pid ?? 0 };
}

/** The first lines that it said, as soon as there are so many. */
async function lines(program: Program, count: number): Promise<readonly Told[]> {
  let whole: string[] = [];
  await program.says((said) => {
    whole = said.split('\n').filter((line) => line.startsWith('{'));
    return whole.length >= count && said.endsWith('\n');
  });
  return whole.slice(0, count).map((line) => JSON.parse(line));
}

/** Resolves with what the neighbour's panel lists once that fits. */
async function listed(neighbour: Program, fits: (providers: Seen['providers']) => boolean): Promise<Seen['providers']> {
  let found: Seen['providers'] = [];
  await neighbour.says((said) => {
    const line = said.split('\n').slice(0, -1).at(-1);
    found = line === undefined ? [] : (JSON.parse(line) as Seen).providers;
    return line !== undefined && fits(found);
  });
  return found;
}

const browsed = () => net.exec('here', 'env', `${BUS}=${bus.here}`, 'avahi-browse', '-rpt', '_proxy3._tcp');
const FORM = JSON.stringify({ description: "Proxy d'en Pau", port: '3128', attributes: 'a=1 b=2', community: 'demo' });

describe('announcing on the local network', () => {
  it('needs no Serf and no privilege, is seen by a neighbour’s panel and avahi-browse, changed, and withdrawn', async () => {
    await Promise.all([avahi('here'), avahi('there')]);
    const { ask, pid } = await announcer();
    const neighbour = await start('here', 'avahi-program.ts');
    expect(await ask(FORM)).toMatchObject({
      ...{ state: 'done', error: null, lan: 'announced' },
      publication: { untold: true, withdrawn: null, entry: { s: 'proxy3', i: '10.91.0.2' } },
    });
    const [seen] = await listed(neighbour, (all) => all.length === 1);
    expect(seen).toMatchObject({
      ...{ type: 'proxy3', node: 'there', address: '10.91.0.2', port: 3128, description: 'Proxy d’en Pau' },
      txt: [
        ['a', '1'],
        ['b', '2'],
      ],
    });
    expect(browsed()).toMatch(/^=;.*;_proxy3\._tcp;local;there\.local;10\.91\.0\.2;3128;"b=2" "a=1"$/m);
    expect(await ask('{"port":"8080"}')).toMatchObject({ state: 'done', lan: 'announced' });
    await listed(neighbour, (all) => all.length === 1 && all[0]?.port === 8080);
    expect(browsed()).not.toContain('3128');
    expect(await ask('unpublish')).toMatchObject({ state: 'done', publication: null, lan: null });
    await listed(neighbour, (all) => all.length === 0);
    expect(browsed()).toBe('');
    expect(() => process.kill(pid, 0)).not.toThrow();
  });

  it.each([false, true])(
    'has the host name of the node’s Cloudy, which resolves to its address; also announced by Cloudy itself: %s',
    async (byCloudy) => {
      await Promise.all([avahi('here'), avahi('there')]);
      if (byCloudy) {
        const args = ['avahi-publish-address', '-R', 'there.guifi.local', '10.91.0.2'];
        const cloudy = net.run('there', 'env', `${BUS}=${bus.there}`, ...args);
        await cloudy.says((said) => said.includes('Established'));
      }
      const { ask } = await announcer(process.env.PATH, 'there.guifi.local');
      expect(await ask(FORM)).toMatchObject({ state: 'done', lan: 'announced' });
      const found = /^=;.*;_proxy3\._tcp;local;there\.guifi\.local;10\.91\.0\.2;3128;"b=2" "a=1"$/m;
      while (!found.test(browsed())) await delay(100);
      const neighbour = await start('here', 'avahi-program.ts');
      const [provider] = await listed(neighbour, (all) => all.length === 1);
      expect(provider).toMatchObject({ address: '10.91.0.2', port: 3128 });
      expect(await ask('unpublish')).toMatchObject({ state: 'done', lan: null });
      await listed(neighbour, (all) => all.length === 0);
    },
  );

  it('ends when the panel is closed, and also when it is killed', async () => {
    await avahi('there');
    const neighbour = await start('here', 'avahi-program.ts');
    for (const end of ['close', 'SIGKILL'] as const) {
      const { program, ask, pid } = await announcer();
      expect(await ask(FORM)).toMatchObject({ lan: 'announced' });
      await listed(neighbour, (all) => all.length === 1);
      // The process alone: what it started must see to its own end.
      if (end === 'SIGKILL') process.kill(pid, end);
      else expect(await ask(end)).toEqual({ closed: true });
      await listed(neighbour, (all) => all.length === 0);
      await program.stop();
    }
  });

  it('is done again when avahi-daemon comes back', async () => {
    const daemon = await avahi('there');
    const { ask } = await announcer();
    await ask(FORM);
    await daemon.stop();
    const becomes = async (lan: string) => {
      while ((await ask('view')).lan !== lan) await delay(100);
    };
    await becomes('no-daemon');
    await avahi('there');
    const neighbour = await start('here', 'avahi-program.ts');
    await listed(neighbour, (all) => all.length === 1);
    await becomes('announced');
  });

  it('fails, and is not remembered, where neither Serf nor avahi-daemon answers, or its program is missing', async () => {
    const daemon = await avahi('there');
    const bare = await announcer(import.meta.dirname);
    expect(await bare.ask(FORM)).toMatchObject({ state: 'failed', error: 'serf-away', publication: null, lan: null });
    await daemon.stop();
    const without = await announcer();
    expect(await without.ask(FORM)).toMatchObject({
      state: 'failed',
      error: 'serf-away',
      publication: null,
      lan: null,
    });
  });
});
