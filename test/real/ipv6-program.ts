/** Real programs on an IPv6 address of their own, and what the probes find there; run in a namespace. A line of JSON each. */
import type { ProbeContext, Prober } from '../../plugin/probe/index.js';
import docker from '../../plugin/services/Docker/index.js';
import dnsservice from '../../plugin/services/dnsservice/index.js';
import other from '../../plugin/services/other.js';
import proxy3 from '../../plugin/services/proxy3.js';
import serf from '../../plugin/services/serf.js';
import syncthing from '../../plugin/services/syncthing/index.js';
import tahoe from '../../plugin/services/tahoe-lafs.js';
import { type Program, startFoolscap, startNamed, startSerf, startSquid, startSyncthing } from './programs.js';

const [address = ''] = process.argv.slice(2);
const CLOSED = 9;

async function ask(name: string, probe: Prober, port: number, txt: [string, string][] = []): Promise<void> {
  const context: ProbeContext = { signal: new AbortController().signal, traffic: { sent: 0, received: 0 } };
  const result = await probe({ address, port, node: 'six', txt: new Map(txt) }, context);
  console.log(JSON.stringify([name, result]));
}

const named = await startNamed({ address, port: 53 });
const agent = await startSerf({ address, name: 'six', port: 5000 });
const squid = await startSquid({ address, port: 3128 });
const peer = await startSyncthing({ address, port: 22_000 });
const tub = await startFoolscap({ address, port: 3456 });
const running: Program[] = [named, agent, squid, peer, tub];
await ask('dnsservice', dnsservice.probe, named.port);
await ask('serf', serf.probe, agent.port);
await ask('proxy3', proxy3.probe, squid.port);
await ask('Docker', docker.probe, squid.port);
await ask('syncthing', syncthing.probe, peer.port, [['node_id', peer.deviceId]]);
await ask('tahoe-lafs', tahoe.probe, tub.port, [['furl', tub.furl]]);
await ask('other', other.probe, peer.port);
for (const type of [dnsservice, serf, proxy3, syncthing, other]) await ask(`closed ${type.id}`, type.probe, CLOSED);
await Promise.all(running.map((program) => program.stop()));
console.log('done');
