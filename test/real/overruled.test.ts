/** Real Serf agents whose tag another program of the node rewrites: what the owner ended elsewhere stays ended. */
import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Jobs } from '../../plugin/jobs/index.js';
import { OwnServices } from '../../plugin/node/own-service.js';
import type { LocalServices } from '../../plugin/node/systemd/index.js';
import { loadServices } from '../../plugin/services/index.js';
import { openStore } from '../../plugin/store/index.js';
import { createDiscovery, type Discovery } from '../discovery/create.js';
import { type Agent, killAgents, startAgent, until, writeTag } from './agents.js';

interface Entry {
  readonly s: string;
  readonly p: string;
  readonly d?: string;
}

const services = await loadServices();
const THEIRS = { s: 'Docker', d: 'theirs', m: 'node.guifi.local', i: '127.0.0.9', p: '8080', e: 'demo', t: 'a=1' };
const local: LocalServices = {
  states: async () => new Map(),
  problem: async () => null,
  act: () => Promise.reject(new Error('not here')),
};
const TIMES = [1, 2, 3];

let own: Agent;
beforeAll(async () => {
  own = await startAgent({ name: 'own' });
});
afterAll(killAgents);

/** Of all panels of a test: what is remembered outlives each. */
let store: ReturnType<typeof openStore>;
let panel: Panel | null = null;
interface Panel {
  readonly own: OwnServices;
  readonly discovery: Discovery;
  readonly jobs: Jobs;
}

async function startPanel(): Promise<Panel> {
  const serf = { serfRpc: own.rpc, serfAuthKey: null, providersFile: null, communityRanges: null };
  const config = { ...serf, language: 'en', avahi: 'off' } as const;
  const discovery = createDiscovery({ config });
  const jobs = new Jobs(store.jobs);
  const { settings, events } = store;
  const deps = { config, services, discovery, jobs, local, settings, events, now: Date.now, keep: true };
  panel = { own: new OwnServices({ ...deps, host: () => 'node.guifi.local' }), discovery, jobs };
  await discovery.ready();
  return panel;
}

async function stopPanel(): Promise<void> {
  const stopped = panel;
  panel = null;
  const ended = stopped?.own.close();
  await stopped?.discovery.close();
  await ended;
  await stopped?.jobs.close();
}

async function publish({ own, jobs }: Panel, word: string, form: object = {}): Promise<void> {
  const { state, error } = await jobs.ended(own.publish(word, { port: '80', ...form }).id);
  expect([state, error]).toEqual(['done', null]);
}

async function tag(): Promise<readonly Entry[]> {
  const { tags } = JSON.parse(await own.cli('info', '-format=json')) as { tags: Record<string, string> };
  if (tags.services === undefined) return [];
  return JSON.parse(execFileSync('sh', ['-c', 'base64 -d | bzip2 -d'], { input: tags.services }).toString());
}
const words = async () => (await tag()).map(({ s }) => s).sort();

/** Another program reads the whole tag and writes the whole tag. */
async function rewrite(edit: (entries: readonly Entry[]) => readonly Entry[], base?: readonly Entry[]): Promise<void> {
  const entries = edit(base ?? (await tag()));
  if (entries.length === 0) await own.cli('tags', '-delete', 'services');
  else await own.cli('tags', '-set', `services=${writeTag(entries)}`);
}
const without = (word: string) => (entries: readonly Entry[]) => entries.filter(({ s }) => s !== word);

const withdrawn = async (word = 'proxy3') => (await panel?.own.view(word))?.publication?.withdrawn?.why ?? null;
const noticed = () => until('the removal is noticed', async () => (await withdrawn()) === 'removed');
const notes = () => store.events.newest(10).map(({ what, type }) => `${what} ${type}`);
const restartAgent = async () => {
  await own.kill();
  await own.start();
};

async function begin(): Promise<Panel> {
  store = openStore(':memory:');
  await rewrite(() => [THEIRS]);
  return startPanel();
}
afterEach(async () => {
  await stopPanel();
  store.close();
});

describe('an announcement that another program removed', () => {
  it('is over at once, and the events and the page say that another program did it', async () => {
    await publish(await begin(), 'proxy3');
    await rewrite(without('proxy3'));
    await noticed();
    expect(notes()).toEqual(['removed proxy3']);
    expect(await words()).toEqual(['Docker']);
  });

  it.each(TIMES)('does not come back when the panel is restarted (%i of 3)', async () => {
    await publish(await begin(), 'proxy3');
    await stopPanel();
    await rewrite(without('proxy3'));
    await publish(await startPanel(), 'dnsservice');
    await noticed();
    expect(await words()).toEqual(['Docker', 'dnsservice']);
  });

  it('does not come back when it was the only one and the panel is restarted', async () => {
    await publish(await begin(), 'proxy3');
    await stopPanel();
    await rewrite(() => []);
    await startPanel();
    await noticed();
    expect(await words()).toEqual([]);
  });

  it.each(TIMES)('does not come back when another type is announced (%i of 3)', async () => {
    const panel = await begin();
    await publish(panel, 'proxy3');
    await rewrite(without('proxy3'));
    await publish(panel, 'dnsservice');
    await noticed();
    expect(await words()).toEqual(['Docker', 'dnsservice']);
  });

  it.each(TIMES)('does not come back when the agent is restarted (%i of 3)', async () => {
    const panel = await begin();
    await publish(panel, 'proxy3');
    await publish(panel, 'dnsservice');
    await rewrite(without('proxy3'));
    await noticed();
    await restartAgent();
    await until('the other one is back', async () => (await words()).includes('dnsservice'));
    expect(await words()).toEqual(['dnsservice']);
  });

  it('is not wanted any more when an entry of the same type and port took its place', async () => {
    await publish(await begin(), 'proxy3');
    await rewrite((all) => [...without('proxy3')(all), { ...THEIRS, s: 'proxy3', p: '80' }]);
    await noticed();
    expect((await tag()).find(({ s }) => s === 'proxy3')).toMatchObject({ i: '127.0.0.9' });
  });

  it('is forgotten when a program announces it again: from then on it is that program’s', async () => {
    await publish(await begin(), 'proxy3');
    const before = await tag();
    await rewrite(without('proxy3'));
    await noticed();
    await rewrite(() => before);
    await until('it is forgotten', async () => (await panel?.own.view('proxy3'))?.publication === null);
    expect(await words()).toEqual(['Docker', 'proxy3']);
  });
});

describe('an announcement that the agent lost', () => {
  it.each(TIMES)('comes back after a restart of the agent while the panel runs (%i of 3)', async () => {
    await publish(await begin(), 'proxy3', { description: 'kept' });
    await restartAgent();
    await until('it is back', async () => (await tag())[0]?.d === 'kept');
    await until('it is noted', () => notes().includes('announced proxy3'));
  });

  it('comes back after a restart of the agent while the panel was down, others having come first', async () => {
    await publish(await begin(), 'proxy3');
    await stopPanel();
    await restartAgent();
    await rewrite(() => [THEIRS]);
    await startPanel();
    await until('it is back', async () => (await words()).includes('proxy3'));
    expect(await words()).toEqual(['Docker', 'proxy3']);
  });
});

it('an entry of ours that old readers cannot carry is written anew when the panel starts', async () => {
  store = openStore(':memory:');
  const entry = { ...THEIRS, s: 'proxy3', d: "l'un", i: own.address, t: 'a=1 b=2' };
  const publication = { entry, unit: null, untold: false, at: 0, withdrawn: null };
  store.settings.set('published', JSON.stringify({ proxy3: publication }));
  await rewrite(() => [entry, THEIRS]);
  await startPanel();
  await until('it is written anew', async () => (await tag())[0]?.d === 'l’un');
  expect(await tag()).toEqual([{ ...entry, d: 'l’un', t: 'a=1&b=2' }, THEIRS]);
});

describe('within moments of announcing', () => {
  it('what a program overwrites that had not seen it is written again', async () => {
    const panel = await begin();
    const base = await tag();
    await publish(panel, 'proxy3');
    await rewrite((all) => [...all, { ...THEIRS, s: 'webdav' }], base);
    await until('it is back', async () => (await words()).includes('proxy3'));
    expect(await words()).toEqual(['Docker', 'proxy3', 'webdav']);
  });

  it('what a program that had not seen the change puts back is changed again', async () => {
    const panel = await begin();
    await publish(panel, 'proxy3', { description: 'old' });
    const base = await tag();
    await publish(panel, 'proxy3', { description: 'new' });
    await rewrite((all) => [...all, { ...THEIRS, s: 'webdav' }], base);
    await until('it is the new one', async () => (await tag()).some(({ d }) => d === 'new'));
    expect(await words()).toEqual(['Docker', 'proxy3', 'webdav']);
  });

  it('what a program takes away stays away, also where it then announces another', async () => {
    await publish(await begin(), 'proxy3');
    await rewrite(without('proxy3'));
    await noticed();
    await rewrite((all) => [...all, { ...THEIRS, s: 'webdav' }]);
    await publish(panel as Panel, 'dnsservice');
    expect(await words()).toEqual(['Docker', 'dnsservice', 'webdav']);
    expect(await withdrawn()).toBe('removed');
  });
});

describe('an entry that another program wrote', () => {
  const SYNCTHING = { ...THEIRS, s: 'syncthing', d: 'The_tool’s', p: '22000', t: 'node_id=ABC&x=1' };

  it('is what the form starts from, and changing one field keeps the others', async () => {
    const panel = await begin();
    await rewrite(() => [SYNCTHING, THEIRS]);
    await until('it is known', async () => (await panel.own.view('syncthing')).announced.length === 1);
    const { form, replaces } = await panel.own.preview('syncthing');
    expect([form, replaces]).toEqual([
      { description: 'The tool’s', port: '22000', attributes: 'node_id=ABC&x=1', community: 'demo' },
      '22000',
    ]);
    await publish(panel, 'syncthing', { port: '22001' });
    expect(await tag()).toMatchObject([{ s: 'syncthing', p: '22001', t: 'node_id=ABC&x=1' }, THEIRS]);
  });

  it('of a type that is not built in can be changed and withdrawn, one of several by its port', async () => {
    const panel = await begin();
    await rewrite(() => [THEIRS, { ...THEIRS, p: '8081', d: 'two' }]);
    await until('both are known', async () => (await panel.own.view('Docker')).announced.length === 2);
    await publish(panel, 'Docker', { port: '9090', replaces: '8081' });
    expect(await tag()).toMatchObject([THEIRS, { s: 'Docker', p: '9090', d: 'two', t: 'a=1' }]);
    await panel.jobs.ended(panel.own.unpublish('Docker', '8080').id);
    expect((await tag()).map(({ p }) => p)).toEqual(['9090']);
    await panel.jobs.ended(panel.own.unpublish('Docker').id);
    expect(await tag()).toEqual([]);
    expect(() => panel.own.publish('webdav', {})).toThrow(expect.objectContaining({ code: 'unknown-type' }));
  });

  it('that it changed of ours counts as changed: the form and what comes back after a restart say so', async () => {
    const panel = await begin();
    await publish(panel, 'proxy3', { description: 'ours' });
    await rewrite((all) => all.map((one) => (one.s === 'proxy3' ? { ...one, d: 'theirs_now' } : one)));
    const known = async () => (await panel.own.view('proxy3')).publication?.entry.d;
    await until('it is known', async () => (await known()) === 'theirs_now');
    expect(panel.own.form('proxy3').description).toBe('theirs now');
    await restartAgent();
    await until('it is back', async () => (await tag())[0]?.d === 'theirs_now');
  });
});

describe('the scripts of old nodes, with the real agent', () => {
  /** All words of the tag, its quotes mended, prepended one by one; then the given entry, and the tag is set again. */
  const ANNOUNCE = `
    services() {
      serf info -rpc-addr="$1" -format json | jq -c -M .tags.services | sed 's/^"//; s/"$//' |
        base64 -d | bunzip2 | sed "s/'/\\"/g" | jq -c '.[]'
    }
    list=
    for word in $(services "$1"); do list="$word,$list"; done
    serf tags -rpc-addr="$1" -set services="$(echo "[$list$2]" | bzip2 | base64 -w0)"`;
  /** Every word of every member's tag, as one list. */
  const SEARCH = `
    list=
    for node in $(serf members -rpc-addr="$1" -status=alive -format json | jq -c -M '.members[]'); do
      for word in $(echo "$node" | jq -r .tags.services | base64 -d | bunzip2 | sed "s/'/\\"/g" | jq -c '.[]'); do
        list="$list,$word"
      done
    done
    echo "[\${list#,}]" | jq -c .`;
  const shell = (script: string, ...args: readonly string[]) =>
    execFileSync('bash', ['-c', script, 'old', `${own.rpc.host}:${own.rpc.port}`, ...args]).toString();

  it('read what is announced here, keep it when they announce, and are read again', async () => {
    const panel = await begin();
    await rewrite(() => []);
    await publish(panel, 'dnsservice', {
      description: "DNS de l'Hospitalet",
      attributes: 'a=1 b=2',
      community: 'el poble',
    });
    await publish(panel, 'proxy3', { description: '"Vídeo" `x` \\u0027 * $HOME', attributes: "k='v' \\n=é" });
    const before = await tag();
    shell(ANNOUNCE, JSON.stringify({ ...THEIRS, t: '' }));
    expect(JSON.parse(shell(SEARCH))).toEqual(await tag());
    const after = await tag();
    expect(after.toReversed()).toEqual([{ ...THEIRS, t: '' }, ...before]);
    await until('all are listed', () => panel.discovery.providers().length === 3);
    expect(await withdrawn()).toBeNull();
    expect(panel.own.form('dnsservice')).toMatchObject({ description: 'DNS de l’Hospitalet', attributes: 'a=1&b=2' });
  });
});
