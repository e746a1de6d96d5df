/** This node's own service as a whole: its view, one action at a time, and a close that waits for nobody. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { Jobs } from '../../plugin/jobs/index.js';
import { OwnServices } from '../../plugin/node/own-service.js';
import { createLocalServices } from '../../plugin/node/systemd/index.js';
import { loadServices } from '../../plugin/services/index.js';
import { openStore } from '../../plugin/store/index.js';
import { createDiscovery, type Discovery } from '../discovery/create.js';
import { StandIn } from '../node/stand-in.js';
import { Agent, startAgent, until } from './agents.js';

const services = await loadServices();
let systemctl: StandIn;
beforeEach(() => {
  systemctl = new StandIn();
});
afterEach(() => systemctl.remove());

/** A node whose agent answers there; nothing does on the discard port. */
function node({ serfRpc = { host: '127.0.0.1', port: 9 }, keep = false } = {}) {
  const store = openStore(':memory:');
  const config = { ...loadConfig({ env: {}, file: '' }), serfRpc, communityRanges: ['127.0.0.0/8'] };
  const discovery: Discovery = createDiscovery({ config: { ...config, avahi: 'off' } });
  const jobs = new Jobs(store.jobs);
  const local = createLocalServices(services, { limits: { pause: 5 } });
  const own = new OwnServices({
    config,
    services,
    discovery,
    jobs,
    local,
    settings: store.settings,
    events: store.events,
    now: Date.now,
    keep,
  });
  const close = async () => {
    await jobs.close();
    const ended = own.close();
    await discovery.close();
    await ended;
    store.close();
  };
  return { own, jobs, discovery, close };
}

describe('the own service', () => {
  it('shows its units, and its port while one runs', async () => {
    const { own, close } = node();
    onTestFinished(close);
    systemctl.unit('squid.service', 'active');
    expect(await own.view('proxy3')).toEqual({
      units: [{ unit: 'squid.service', state: 'running', enabled: false }],
      port: { port: 3128, transports: [{ transport: 'tcp', listening: expect.any(String) }] },
      publication: null,
      announced: [],
      lan: null,
    });
    expect((await own.view('syncthing')).port).toBeNull();
    await expect(own.view('Docker')).rejects.toMatchObject({ code: 'unknown-type' });
  });

  it('is acted on once at a time: a second click gets the first one’s job', async () => {
    const { own, jobs, close } = node();
    onTestFinished(close);
    systemctl.unit('squid.service', 'inactive');
    systemctl.turns('start', 'squid.service', 'running');
    const job = own.act('proxy3', 'start');
    expect([own.act('proxy3', 'stop').id, own.publish('proxy3', {}).id]).toEqual([job.id, job.id]);
    expect(await jobs.ended(job.id)).toMatchObject({ state: 'done', kind: 'start', done: 1 });
    expect(() => own.act('ssh', 'start')).toThrow(expect.objectContaining({ code: 'unknown-type' }));
  });

  it('has the logs of its own units only', async () => {
    const { own, close } = node();
    onTestFinished(close);
    systemctl.unit('squid.service', 'active');
    await expect(own.log('proxy3', 'ssh.service')).rejects.toMatchObject({ code: 'unit-refused' });
    await expect(own.log('proxy3', '--vacuum-size=1')).rejects.toMatchObject({ code: 'unit-refused' });
    await expect(own.log('syncthing')).rejects.toMatchObject({ code: 'unit-absent' });
  });

  it('refuses an invalid form at once', () => {
    const { own, close } = node();
    onTestFinished(close);
    for (const form of [{ port: '' }, { port: '0' }, { port: '65536' }, { description: 'x'.repeat(101) }])
      expect(() => own.publish('proxy3', form)).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });

  it('is announced by a job, which stores the unit that runs it', async () => {
    const agent = await startAgent({ name: 'announcer' });
    const { own, jobs, discovery, close } = node({ serfRpc: agent.rpc, keep: true });
    onTestFinished(async () => {
      await close();
      await agent.kill();
    });
    await discovery.ready();
    systemctl.unit('squid.service', 'active');
    const { id } = own.publish('proxy3', { description: 'Proxy' });
    expect(await jobs.ended(id)).toMatchObject({ state: 'done', error: null });
    expect((await own.view('proxy3')).publication).toMatchObject({ unit: 'squid.service', entry: { d: 'Proxy' } });
    await until('it is listed', () => discovery.providers('proxy3').some(({ self }) => self));
    await jobs.ended(own.unpublish('proxy3').id);
    await until('it is gone', () => discovery.providers('proxy3').length === 0);
  });

  it('is announced on the local network without an agent, which gets the entry once it answers', async () => {
    const agent = new Agent({ name: 'late' });
    const { own, jobs, discovery, close } = node({ serfRpc: agent.rpc, keep: true });
    onTestFinished(async () => {
      await close();
      await agent.kill();
    });
    systemctl.program('avahi-publish-service', `echo "Established under name 'x'" >&2; exec sleep 60`);
    await discovery.ready();
    expect(await own.preview('proxy3', {})).toMatchObject({ bytes: null, fits: true, lan: { type: '_proxy3._tcp' } });
    expect(await jobs.ended(own.publish('proxy3', {}).id)).toMatchObject({ state: 'done', error: null });
    expect(await own.view('proxy3')).toMatchObject({ publication: { untold: true }, lan: 'announced' });
    await agent.start();
    await until('the agent has the entry', async () => (await own.view('proxy3')).publication?.untold === false);
    await until('it is listed', () => discovery.providers('proxy3').some(({ self }) => self));
    expect((await own.view('proxy3')).lan).toBe('announced');
    expect(await jobs.ended(own.unpublish('proxy3').id)).toMatchObject({ state: 'done' });
    expect(await own.view('proxy3')).toMatchObject({ publication: null, lan: null });
  });

  it('is abandoned on abort while the agent hangs', async () => {
    const agent = await startAgent({ name: 'hanging' });
    onTestFinished(() => agent.kill());
    const { own, jobs, discovery, close } = node({ serfRpc: agent.rpc, keep: true });
    await discovery.ready();
    await agent.freeze();
    const { id } = own.publish('proxy3', {});
    // Once the units are known, the agent is called.
    await own.view('proxy3');
    expect(jobs.get(id).state).toBe('running');
    const ended = jobs.ended(id);
    await close();
    expect((await ended).state).toBe('cancelled');
  });
});
