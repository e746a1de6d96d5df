/** This node's own services without Serf, run in a namespace: does what each line says, and tells what came of it. */
import { createInterface } from 'node:readline';
import { loadConfig } from '../../plugin/config/index.js';
import { createDiscovery } from '../../plugin/discovery/index.js';
import avahi from '../../plugin/discovery/sources/avahi/index.js';
import serf from '../../plugin/discovery/sources/serf/index.js';
import { Jobs } from '../../plugin/jobs/index.js';
import type { Job } from '../../plugin/model/job.js';
import { OwnServices } from '../../plugin/node/own-service.js';
import { createLocalServices } from '../../plugin/node/systemd/index.js';
import proxy3 from '../../plugin/services/proxy3.js';

const config = { ...loadConfig({ env: {}, file: '' }), serfRpc: { host: '127.0.0.1', port: 1 } };
const services = {
  types: [proxy3],
  of: () => proxy3,
  has: (word: string) => word === 'proxy3',
  canonical: (word: string) => word,
  recognise: () => null,
};
const discovery = createDiscovery({ config, sources: [serf, avahi], types: ['proxy3'] });
const kept = new Map<string, Job>();
const jobs = new Jobs({
  put: (job) => kept.set(job.id, job),
  get: (id) => kept.get(id) ?? null,
  newest: () => null,
  closeOrphans: () => {},
});
const values = new Map<string, string>();
const settings = {
  get: (name: string) => values.get(name) ?? null,
  set: (name: string, value: string | null) => void (value === null ? values.delete(name) : values.set(name, value)),
  keep: (name: string, value: string) => void values.set(name, value),
  add: (name: string, value: string) => !values.has(name) && values.set(name, value).size > 0,
};
const local = createLocalServices(services);
const events = { add: () => true };
const { HOST = 'there' } = process.env;
const deps = { config, services, discovery, jobs, local, settings, events, now: Date.now, keep: true };
const own = new OwnServices({ ...deps, host: () => HOST });

const say = (what: object) => console.log(JSON.stringify(what));
const ended = async ({ id }: Job) => {
  const { state, error } = await jobs.ended(id);
  say({ state, error: error?.code ?? null, ...(await own.view('proxy3')) });
};

await discovery.ready();
say({ pid: process.pid });
for await (const line of createInterface(process.stdin)) {
  if (line === 'close') break;
  if (line === 'view') say(await own.view('proxy3'));
  else await ended(line === 'unpublish' ? own.unpublish('proxy3') : own.publish('proxy3', JSON.parse(line)));
}
const closing = own.close();
await discovery.close();
await closing;
say({ closed: true });
