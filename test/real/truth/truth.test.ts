/**
 * What the probes say of real programs, against what is true of them: no program that serves is called failed, and none that
 * does not is called good. Each is started, probed once and ended, some at a time.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Attempt } from '../../../plugin/model/attempt.js';
import type { Sample } from '../../../plugin/model/sample.js';
import { toVerdict, type Verdict } from '../../../plugin/present/row.js';
import { isFailed, type ProbeResult } from '../../../plugin/probe/index.js';
import { toScore } from '../../../plugin/score/index.js';
import { rank } from '../../../plugin/score/rank.js';
import { loadServices } from '../../../plugin/services/index.js';
import { context, ownAddress, target } from '../../probe/servers.js';
import { provider } from '../../services/providers.js';
import type { Program } from '../programs.js';
import { startFoolscap, startSerf, startSquid, startSyncthing } from '../programs.js';
import { startTinc } from '../tinc.js';
import * as programs from './start.js';

/**
 * `good`: it serves this node. `locked`: it serves those with an account. `bad`: it does not serve. `unknown`: nobody can tell
 * without an account, a key or the protocol.
 */
type Truth = 'good' | 'locked' | 'bad' | 'unknown';
/** What a list may say of each. */
const ALLOWED: Readonly<Record<Truth, readonly Verdict[]>> = {
  good: ['good'],
  locked: ['good', 'weak', 'unchecked'],
  bad: ['failed', 'weak'],
  unknown: ['unchecked', 'unproven'],
};

interface Case {
  readonly name: string;
  readonly truth: Truth;
  readonly start: () => Promise<Program>;
  /** Attributes that it is announced with. */
  readonly txt?: (program: never) => readonly [string, string][];
  /** The words of the announcement. */
  readonly description?: string;
}
const txtOf = <T extends Program>(start: () => Promise<T>, txt: (program: T) => readonly [string, string][]) => ({
  start,
  txt: txt as Case['txt'] & object,
});

const registry = await loadServices();
/** Where nobody answers. */
const DEAD = { address: ownAddress(), port: 1 };
let internet: Program;
const open = (lines: readonly string[] = []) => programs.startSquidWith('http_access allow all', ...lines);
const shut = (lines: readonly string[] = []) => programs.startSquidWith('http_access deny all', ...lines);
const DAV_NGINX = 'dav_methods PUT DELETE MKCOL COPY MOVE; dav_ext_methods PROPFIND OPTIONS';
const APACHE_DAV = ['DirectoryIndex disabled', 'DavLockDB @DIR@/locks', '<Location />', 'Dav On', '</Location>'];
const APACHE_TLS = [
  'SSLEngine on',
  `SSLCertificateFile ${programs.CERTIFICATE}`,
  `SSLCertificateKeyFile ${programs.CERTIFICATE}`,
];
const OTHER_ID = 'MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD';

const DNS: readonly Case[] = [
  { name: 'unbound', truth: 'good', start: () => programs.startUnboundFor({ upstream: internet }) },
  {
    name: 'unbound without TCP',
    truth: 'good',
    start: () => programs.startUnboundFor({ upstream: internet, more: '  do-tcp: no\n' }),
  },
  {
    name: 'unbound that refuses',
    truth: 'bad',
    start: () => programs.startUnboundFor({ upstream: internet, more: '  access-control: 127.0.0.0/8 refuse\n' }),
  },
  { name: 'unbound with nobody to ask', truth: 'bad', start: () => programs.startUnboundFor({ upstream: DEAD }) },
  { name: 'BIND, resolver', truth: 'good', start: () => programs.startNamedWith(programs.forwards(internet)) },
  {
    name: 'BIND, resolver without zones of its own',
    truth: 'good',
    start: () => programs.startNamedWith(`empty-zones-enable no; ${programs.forwards(internet)}`),
  },
  {
    name: 'BIND with the community’s zones',
    truth: 'good',
    start: () => programs.startNamedWith(programs.forwards(internet), programs.communityZones),
  },
  {
    name: 'BIND, authority alone',
    truth: 'bad',
    start: () => programs.startNamedWith('recursion no;', programs.communityZones),
  },
  {
    name: 'BIND that refuses',
    truth: 'bad',
    start: () => programs.startNamedWith('allow-query { none; };', programs.communityZones),
  },
  { name: 'BIND with nobody to ask', truth: 'bad', start: () => programs.startNamedWith(programs.forwards(DEAD)) },
  {
    name: 'dnsmasq',
    truth: 'good',
    start: () => programs.startDnsmasq(`--server=${internet.address}#${internet.port}`),
  },
  {
    name: 'dnsmasq that keeps private names to itself',
    truth: 'good',
    start: () =>
      programs.startDnsmasq('--bogus-priv', '--domain-needed', `--server=${internet.address}#${internet.port}`),
  },
  { name: 'dnsmasq of local names', truth: 'bad', start: () => programs.startDnsmasq('--address=/torre.lan/10.1.2.3') },
  {
    name: 'dnsmasq that has one address for all',
    truth: 'bad',
    start: () => programs.startDnsmasq('--address=/#/10.6.6.6'),
  },
  { name: 'Knot Resolver', truth: 'good', start: () => programs.startKresd({ upstream: internet }) },
  { name: 'PowerDNS Recursor', truth: 'good', start: () => programs.startRecursor({ upstream: internet }) },
  { name: 'NSD, an authority', truth: 'bad', start: programs.startNsd },
  { name: 'dnsdist that sends all to TCP', truth: 'good', start: () => programs.startDnsdist({ upstream: internet }) },
];

const PROXIES: readonly Case[] = [
  { name: 'squid with login', truth: 'good', start: () => startSquid({ address: ownAddress() }) },
  { name: 'squid, open', truth: 'good', start: () => open() },
  { name: 'squid, shut', truth: 'bad', start: () => shut() },
  { name: 'squid without its headers, open', truth: 'good', start: () => open(programs.UNSIGNED) },
  { name: 'squid without its headers, shut', truth: 'bad', start: () => shut(programs.UNSIGNED) },
  {
    name: 'squid that sends others to a page',
    truth: 'bad',
    start: () => shut(['deny_info 302:http://10.0.0.1/ all']),
  },
  { name: 'tinyproxy', truth: 'good', start: () => programs.startTinyproxy('Allow 127.0.0.0/8') },
  { name: 'tinyproxy with login', truth: 'good', start: () => programs.startTinyproxy('BasicAuth anna secret') },
  { name: 'tinyproxy, shut', truth: 'bad', start: () => programs.startTinyproxy('Allow 10.0.0.0/8') },
  { name: 'privoxy', truth: 'good', start: programs.startPrivoxy },
  {
    name: 'Apache as a proxy',
    truth: 'good',
    start: () => programs.startApache(['proxy', 'proxy_http'], 'ProxyRequests On'),
  },
  { name: 'Apache', truth: 'bad', start: () => programs.startApache([]) },
  { name: 'nginx', truth: 'bad', start: () => programs.startNginx('') },
  {
    name: 'nginx before a dead service',
    truth: 'bad',
    start: () => programs.startNginx('location / { proxy_pass http://127.0.0.1:1; }'),
  },
  {
    name: 'HAProxy before a dead service',
    truth: 'bad',
    start: () =>
      programs.startHaproxy('frontend f\n  bind @AT@\n  default_backend b\nbackend b\n  server s 127.0.0.1:1'),
  },
  { name: 'redis', truth: 'bad', start: programs.startRedis },
];

const CONTAINERS: readonly Case[] = [
  { name: 'nginx', truth: 'good', start: () => programs.startNginx('') },
  { name: 'nginx by HTTPS', truth: 'good', start: () => programs.startNginx(programs.TLS_OF_NGINX, { listen: 'ssl' }) },
  {
    name: 'nginx by HTTPS that wants a name',
    truth: 'unknown',
    start: () => programs.startNginx('ssl_reject_handshake on;', { listen: 'ssl' }),
  },
  {
    name: 'nginx before a dead service',
    truth: 'bad',
    start: () => programs.startNginx('location / { proxy_pass http://127.0.0.1:1; }'),
  },
  { name: 'nginx that wants a login', truth: 'good', start: () => programs.startNginx('return 401;') },
  { name: 'Apache by HTTPS', truth: 'good', start: () => programs.startApache(['ssl'], ...APACHE_TLS) },
  { name: 'lighttpd', truth: 'good', start: () => programs.startLighttpd() },
  { name: 'lighttpd by HTTPS', truth: 'good', start: () => programs.startLighttpd(programs.TLS_OF_LIGHTTPD) },
  { name: 'docker-registry', truth: 'good', start: () => programs.startRegistry() },
  { name: 'docker-registry by HTTPS', truth: 'good', start: () => programs.startRegistry(programs.TLS_OF_REGISTRY) },
  { name: 'busybox httpd', truth: 'good', start: programs.startBusybox },
  { name: 'opentracker', truth: 'good', start: programs.startOpentracker },
  { name: 'redis', truth: 'unknown', start: programs.startRedis },
  { name: 'redis, by its image', truth: 'good', start: programs.startRedis, description: 'redis:7 cache' },
  { name: 'PostgreSQL', truth: 'unknown', start: programs.startPostgres },
  { name: 'PostgreSQL, by its image', truth: 'good', start: programs.startPostgres, description: 'postgres:15 db' },
  { name: 'mosquitto', truth: 'unknown', start: programs.startMosquitto },
  {
    name: 'mosquitto, by its image',
    truth: 'good',
    start: programs.startMosquitto,
    description: 'eclipse-mosquitto broker',
  },
  {
    name: 'docker-registry, by its image',
    truth: 'good',
    start: () => programs.startRegistry(programs.TLS_OF_REGISTRY),
    description: 'registry:2 images',
  },
  {
    name: 'opentracker, by its image',
    truth: 'good',
    start: programs.startOpentracker,
    description: 'henkel/bittorrent-tracker',
  },
  { name: 'memcached, by another image', truth: 'unknown', start: programs.startMemcached, description: 'mosquitto' },
  { name: 'nginx, by another image', truth: 'good', start: () => programs.startNginx(''), description: 'nextcloud' },
  { name: 'memcached', truth: 'unknown', start: programs.startMemcached },
];

const FOLDERS: readonly Case[] = [
  { name: 'Apache', truth: 'good', start: () => programs.startApache(['dav', 'dav_fs', 'dav_lock'], ...APACHE_DAV) },
  { name: 'lighttpd', truth: 'good', start: () => programs.startLighttpd(programs.DAV_OF_LIGHTTPD) },
  {
    name: 'lighttpd by HTTPS',
    truth: 'good',
    start: () => programs.startLighttpd(programs.TLS_OF_LIGHTTPD, programs.DAV_OF_LIGHTTPD),
  },
  { name: 'nginx', truth: 'good', start: () => programs.startNginx(`${DAV_NGINX};`, { main: programs.DAV_OF_NGINX }) },
  {
    name: 'nginx with locks',
    truth: 'good',
    start: () =>
      programs.startNginx(`${DAV_NGINX} LOCK UNLOCK; dav_ext_lock zone=locks;`, { main: programs.DAV_OF_NGINX }),
  },
  { name: 'rclone', truth: 'good', start: () => programs.startRclone() },
  {
    name: 'rclone by HTTPS',
    truth: 'good',
    start: () => programs.startRclone(`--cert=${programs.CERTIFICATE}`, `--key=${programs.CERTIFICATE}`),
  },
  {
    name: 'rclone, which names its class and opens with a login',
    truth: 'good',
    start: () => programs.startRclone('--user=anna', '--pass=secret'),
  },
  {
    name: 'rclone in a folder',
    truth: 'good',
    ...txtOf(
      () => programs.startRclone('--baseurl=/photos'),
      () => [['path', '/photos']],
    ),
  },
  { name: 'nginx that forbids', truth: 'unknown', start: () => programs.startNginx('return 403;') },
  { name: 'nginx without folders', truth: 'bad', start: () => programs.startNginx('') },
];

const syncthing = () => startSyncthing({ address: ownAddress() });
const foolscap = () => startFoolscap({ address: ownAddress() });
const REST: Readonly<Record<string, readonly Case[]>> = {
  syncthing: [
    { name: 'Syncthing', truth: 'good', ...txtOf(syncthing, ({ deviceId }) => [['node_id', deviceId]]) },
    { name: 'another Syncthing', truth: 'bad', ...txtOf(syncthing, () => [['node_id', OTHER_ID]]) },
    {
      name: 'nginx by HTTPS',
      truth: 'bad',
      start: () => programs.startNginx(programs.TLS_OF_NGINX, { listen: 'ssl' }),
    },
  ],
  'tahoe-lafs': [
    { name: 'foolscap', truth: 'good', ...txtOf(foolscap, ({ furl }) => [['furl', furl]]) },
    { name: 'another foolscap', truth: 'bad', ...txtOf(foolscap, () => [['', 'b'.repeat(32)]]) },
    { name: 'nginx', truth: 'bad', start: () => programs.startNginx('') },
  ],
  tincvpn: [
    { name: 'tinc 1.0', truth: 'unknown', start: () => startTinc({ address: ownAddress(), name: 'neighbour' }) },
    { name: 'lighttpd', truth: 'unknown', start: () => programs.startLighttpd() },
  ],
  serf: [{ name: 'Serf', truth: 'good', start: () => startSerf({ address: ownAddress(), name: 'node1' }) }],
  snpservice: [
    { name: 'PHP', truth: 'good', start: programs.startGraphs },
    { name: 'nginx', truth: 'bad', start: () => programs.startNginx('') },
  ],
  owp: [{ name: 'lighttpd', truth: 'bad', start: () => programs.startLighttpd() }],
  ipfs: [{ name: 'nginx', truth: 'bad', start: () => programs.startNginx('') }],
  sip: [{ name: 'Kamailio on UDP alone', truth: 'unknown', start: () => programs.startKamailio() }],
  gopher: [{ name: 'redis', truth: 'unknown', start: programs.startRedis }],
  ntp: [
    { name: 'chrony', truth: 'good', start: () => programs.startChrony('local stratum 5') },
    { name: 'chrony without a source', truth: 'bad', start: () => programs.startChrony() },
    { name: 'redis', truth: 'bad', start: programs.startRedis },
  ],
  voip: [
    { name: 'Kamailio on UDP alone', truth: 'good', start: () => programs.startKamailio() },
    { name: 'Kamailio on TCP alone', truth: 'good', start: () => programs.startKamailio('tcp') },
    { name: 'opentracker', truth: 'bad', start: programs.startOpentracker },
    { name: 'nginx', truth: 'bad', start: () => programs.startNginx('') },
  ],
  web: [
    { name: 'nginx', truth: 'good', start: () => programs.startNginx('') },
    { name: 'lighttpd by HTTPS', truth: 'good', start: () => programs.startLighttpd(programs.TLS_OF_LIGHTTPD) },
    { name: 'redis', truth: 'bad', start: programs.startRedis },
  ],
  owncloud: [
    { name: 'PHP', truth: 'good', start: () => programs.startCloud(false) },
    { name: 'PHP in maintenance', truth: 'bad', start: () => programs.startCloud(true) },
    { name: 'nginx', truth: 'bad', start: () => programs.startNginx('') },
  ],
  openstack: [
    { name: 'nginx', truth: 'bad', start: () => programs.startNginx('') },
    { name: 'PHP', truth: 'bad', start: () => programs.startCloud(false) },
  ],
  eucalyptus: [{ name: 'nginx', truth: 'bad', start: () => programs.startNginx('') }],
  confine: [{ name: 'lighttpd', truth: 'bad', start: () => programs.startLighttpd() }],
  bittorrent: [
    { name: 'opentracker', truth: 'good', start: programs.startOpentracker },
    { name: 'nginx', truth: 'bad', start: () => programs.startNginx('') },
    { name: 'Kamailio on UDP alone', truth: 'bad', start: () => programs.startKamailio() },
  ],
};

const TABLE = Object.entries({
  dnsservice: DNS,
  proxy3: PROXIES,
  Docker: CONTAINERS,
  webdav: FOLDERS,
  ...REST,
}).flatMap(([typeId, cases]) => cases.map((one) => ({ typeId, ...one })));

const results = new Map<(typeof TABLE)[number], ProbeResult>();
/** What went wrong with the program itself. */
const failures = new Map<(typeof TABLE)[number], string>();

async function probeOnce(row: (typeof TABLE)[number]): Promise<ProbeResult> {
  const program = await row.start();
  try {
    const txt = new Map(row.txt?.(program as never) ?? []);
    return await registry
      .of(row.typeId)
      .probe(target(program, { txt, gossip: null, description: row.description ?? '' }), context());
  } finally {
    await program.stop();
  }
}

/** More at once would take no less time on two cores. */
const AT_ONCE = 8;

beforeAll(async () => {
  internet = await programs.startInternet();
  const queue = [...TABLE];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const row = next;
      const failed = (error: Error) => failures.set(row, error.message);
      await probeOnce(row).then((result) => results.set(row, result), failed);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
});
afterAll(() => internet.stop());

/** Times are those of a busy machine here, and none of a program's doing. */
const TIMES = new Set(['rtt', 'ttfb', 'answer', 'handshake']);
const unhurried = (sample: Sample) =>
  TIMES.has(sample.metric) ? { ...sample, value: Math.min(sample.value, 20) } : sample;

/** What the list says of it after this one probe. */
function verdictOf(typeId: string, result: ProbeResult): Verdict {
  const type = registry.of(typeId);
  const row = provider({ id: 'p', type: typeId });
  const base = { provider: 'p', type: typeId, at: 0, bytes: 300 };
  const { level } = result;
  const attempt: Attempt = isFailed(result)
    ? { ...base, level, reason: result.reason, detail: result.detail ?? null }
    : { ...base, level, reason: null, samples: result.samples.map(unhurried), facts: result.facts };
  const [ranked] = rank([row], new Map([['p', toScore(type, [attempt], 0)]]));
  if (!ranked) throw new Error('no row');
  return toVerdict(ranked);
}

describe('the probes, against real programs', () => {
  it(`are tried with at least 40 of them`, () => {
    expect(TABLE.length).toBeGreaterThan(60);
    expect(new Set(TABLE.map(({ name }) => name)).size).toBeGreaterThan(40);
  });

  it.each(TABLE)('$typeId: $name is $truth', (row) => {
    const result = results.get(row);
    if (!result) throw new Error(failures.get(row));
    const verdict = verdictOf(row.typeId, result);
    expect(ALLOWED[row.truth], JSON.stringify({ verdict, ...result })).toContain(verdict);
  });
});
