/** Programs that Debian packages, each with a configuration as short as it takes, on an address of its own. */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encode } from 'dns-packet';
import { ownAddress } from '../../probe/servers.js';
import { accepts, folder, freePort, launch, type Program } from '../programs.js';

export interface Place {
  readonly address: string;
  readonly port: number;
  /** Folder of its files, which any user may read and write. */
  readonly dir: string;
}

interface Recipe {
  readonly command: string;
  args(place: Place): readonly string[];
  /** Files of its folder by name. */
  files?(place: Place): Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  prepare?(place: Place): Promise<unknown>;
  /** By default it serves once it accepts connections. */
  readonly ready?: (place: Place) => Promise<boolean>;
  /** Where not every address of this machine will do. */
  readonly address?: string;
}

/** Starts a program by its recipe. */
export async function start(recipe: Recipe): Promise<Program> {
  const { command, env, ready = ({ address, port }) => accepts(address, port) } = recipe;
  const dir = folder(command.replace(/.*\//, ''));
  chmodSync(dir, 0o777);
  const address = recipe.address ?? ownAddress();
  const place = { address, port: await freePort(address), dir };
  for (const [name, text] of Object.entries(recipe.files?.(place) ?? {})) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  await recipe.prepare?.(place);
  const { port } = place;
  const args = recipe.args(place);
  return launch({ command, args, address, port, dir, ready: () => ready(place), ...(env && { env }) });
}

/** Whether anything answers a question about the root. */
async function answersDns({ address, port }: Place): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.send(encode({ type: 'query', id: 7, flags: 0, questions: [{ name: '.', type: 'NS' }] }), port, address);
    await once(socket, 'message', { signal: AbortSignal.timeout(300) });
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

const at = ({ address, port }: Pick<Place, 'address' | 'port'>, sign: string) => `${address}${sign}${port}`;

/** A server's zones, each of its own file. */
const zoneFile = (...records: string[]) =>
  ['$TTL 3600', `@ IN SOA ns1.guifi.net. nobody.guifi.net. ${Math.floor(Date.now() / 1000)} 60 60 60 60`]
    .concat(['@ IN NS ns1.guifi.net.', ...records, ''])
    .join('\n');
const COMMUNITY = {
  '10.in-addr.arpa': zoneFile('1.2.1 PTR a.ip.guifi.net.'),
  'ip.guifi.net': zoneFile('a A 10.1.2.1'),
};
/** Everything that there is: the Internet, as far as these tests know it. */
const INTERNET = { root: zoneFile('guifi.net. A 109.69.10.1', 'ns1.guifi.net. A 109.69.10.2') };

function nsd(zones: Readonly<Record<string, string>>, more = ''): Promise<Program> {
  const config = ({ address, port, dir }: Place) => `server:
  ip-address: ${at({ address, port }, '@')}
  username: ""
  chroot: ""
  zonesdir: "${dir}"
  database: ""
  pidfile: "${dir}/pid"
  xfrdfile: "${dir}/xfrd"
  zonelistfile: "${dir}/list"
  server-count: 1
${more}remote-control:
  control-enable: no
${Object.keys(zones)
  .map((name) => `zone:\n  name: "${name === 'root' ? '.' : name}"\n  zonefile: "${name}"\n`)
  .join('')}`;
  return start({
    command: 'nsd',
    args: ({ dir }) => ['-d', '-c', join(dir, 'nsd.conf')],
    files: (place) => ({ ...zones, 'nsd.conf': config(place) }),
    ready: answersDns,
  });
}

/** The name server that all resolvers of these tests ask. */
export const startInternet = () => nsd(INTERNET);
/** An authority for the community's names that looks up nothing. */
export const startNsd = () => nsd(COMMUNITY);

interface Resolver {
  /** Where it sends its questions; without one it has nobody to ask. */
  readonly upstream: Pick<Place, 'address' | 'port'>;
  /** Further lines of its configuration. */
  readonly more?: string;
}

export const startUnboundFor = ({ upstream, more = '' }: Resolver) =>
  start({
    command: 'unbound',
    args: ({ dir }) => ['-d', '-c', join(dir, 'unbound.conf')],
    files: ({ address, port, dir }) => ({
      'unbound.conf': `server:
  interface: ${address}@${port}
  directory: "${dir}"
  pidfile: ""
  chroot: ""
  username: ""
  use-syslog: no
  do-daemonize: no
  module-config: "iterator"
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 allow
${more}forward-zone:
  name: "."
  forward-addr: ${at(upstream, '@')}
remote-control:
  control-enable: no
`,
    }),
    ready: answersDns,
  });

/** BIND with the community's zones or without, and with whatever else its options say. */
export function startNamedWith(options: string, zones: Readonly<Record<string, string>> = {}): Promise<Program> {
  const config = ({ address, port, dir }: Place) => `options { directory "${dir}"; pid-file none; dnssec-validation no;
  listen-on port ${port} { ${address}; }; listen-on-v6 { none; }; session-keyfile none; ${options} };
controls { };
${Object.keys(zones)
  .map((name) => `zone "${name}" { type master; file "${dir}/${name}"; };`)
  .join('\n')}
`;
  return start({
    command: 'named',
    args: ({ dir }) => ['-g', '-n', '1', '-c', join(dir, 'named.conf')],
    files: (place) => ({ ...zones, 'named.conf': config(place) }),
    ready: answersDns,
    // Of 127/8 it knows only the address of the interface.
    address: '127.0.0.1',
  });
}
export const forwards = ({ address, port }: Resolver['upstream']) =>
  `recursion yes; forward only; forwarders { ${address} port ${port}; };`;
export const communityZones = COMMUNITY;

export const startDnsmasq = (...options: string[]) =>
  start({
    command: 'dnsmasq',
    args: ({ address, port, dir }) => [
      ...['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--user=root', `--pid-file=${dir}/pid`],
      ...['--bind-interfaces', `--listen-address=${address}`, `--port=${port}`, '--log-facility=-', ...options],
    ],
    ready: answersDns,
  });

export const startKresd = ({ upstream }: Resolver) =>
  start({
    command: 'kresd',
    args: ({ dir }) => ['-n', '-c', join(dir, 'kresd.conf'), dir],
    files: (place) => ({
      'kresd.conf': `net.listen('${place.address}', ${place.port}, { kind = 'dns' })
modules.unload('ta_update')
modules.unload('priming')
trust_anchors.remove('.')
cache.size = 4 * MB
policy.add(policy.all(policy.FORWARD({ '${at(upstream, '@')}' })))
`,
    }),
    ready: answersDns,
  });

export const startRecursor = ({ upstream }: Resolver) =>
  start({
    command: 'pdns_recursor',
    args: ({ address, port, dir }) => [
      ...[`--config-dir=${dir}`, `--socket-dir=${dir}`, `--local-address=${address}`, `--local-port=${port}`],
      ...['--daemon=no', '--dnssec=off', '--allow-from=127.0.0.0/8', '--threads=1', '--write-pid=no', '--dont-query='],
      ...['--security-poll-suffix=', '--quiet=yes', `--forward-zones-recurse=.=${at(upstream, ':')}`],
    ],
    ready: answersDns,
  });

/** A balancer in front of a resolver that sends everybody to TCP, as some do under attack. */
export const startDnsdist = ({ upstream }: Resolver) =>
  start({
    command: 'dnsdist',
    args: ({ dir }) => ['--supervised', '--disable-syslog', '-C', join(dir, 'dnsdist.conf')],
    files: (place) => ({
      'dnsdist.conf': `setLocal('${at(place, ':')}')
setACL('127.0.0.0/8')
setSecurityPollSuffix('')
newServer({ address = '${at(upstream, ':')}', healthCheckMode = 'up' })
addAction(AndRule({ TCPRule(false) }), TCAction())
`,
    }),
    ready: answersDns,
  });

/** squid without login; the rest of its configuration is the caller's. */
export const startSquidWith = (...lines: string[]) =>
  start({
    command: 'squid',
    // Without a name of its own it shares memory with the next one.
    args: ({ dir, port }) => ['-N', '-n', `truth${process.pid}x${port}`, '-f', join(dir, 'squid.conf')],
    files: (place) => ({
      'squid.conf': `http_port ${at(place, ':')}
cache_mem 8 MB
memory_pools off
pid_filename none
access_log none
cache_log ${place.dir}/cache.log
cache_store_log none
coredump_dir ${place.dir}
shutdown_lifetime 0 seconds
dns_nameservers 127.0.0.1
icp_port 0
snmp_port 0
pinger_enable off
visible_hostname truth.test
${lines.join('\n')}
`,
    }),
  });
export const UNSIGNED = ['Server', 'Via', 'X-Cache', 'X-Cache-Lookup', 'X-Squid-Error']
  .map((name) => `reply_header_access ${name} deny all`)
  .concat('via off', 'httpd_suppress_version_string on');

export const startTinyproxy = (...lines: string[]) =>
  start({
    command: 'tinyproxy',
    args: ({ dir }) => ['-d', '-c', join(dir, 'tinyproxy.conf')],
    files: ({ address, port }) => ({
      'tinyproxy.conf': [`Port ${port}`, `Listen ${address}`, 'MaxClients 10', ...lines, ''].join('\n'),
    }),
  });

export const startPrivoxy = () =>
  start({
    command: 'privoxy',
    args: ({ dir }) => ['--no-daemon', join(dir, 'config')],
    files: (place) => ({ config: `listen-address ${at(place, ':')}\nconfdir /etc/privoxy\nlogdir ${place.dir}\n` }),
  });

const CERTIFICATE = join(import.meta.dirname, '..', '..', 'fixtures', 'tls', 'one.pem');

export { CERTIFICATE };

/** nginx with one server; `listen` is what stands behind its address. */
export const startNginx = (server: string, { listen = '', main = '' } = {}) =>
  start({
    command: '/usr/sbin/nginx',
    args: ({ dir }) => ['-c', join(dir, 'nginx.conf'), '-e', join(dir, 'nginx.log')],
    files: (place) => ({
      'www/index.html': 'hello',
      'nginx.conf': `daemon off; master_process off; pid ${place.dir}/pid; ${main}
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${place.dir}/${of};`).join(' ')}
  dav_ext_lock_zone zone=locks:1m;
  server { listen ${at(place, ':')} ${listen}; root ${place.dir}/www; ${server} }
}
`.replace(main === '' ? /\n.*dav_ext_lock_zone.*/ : /$^/, ''),
    }),
  });
export const TLS_OF_NGINX = `ssl_certificate ${CERTIFICATE}; ssl_certificate_key ${CERTIFICATE};`;
export const DAV_OF_NGINX = 'load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;';

/** Apache with these modules beside those that it cannot do without. */
export const startApache = (modules: readonly string[], ...lines: string[]) =>
  start({
    command: 'apache2',
    args: ({ dir }) => ['-DFOREGROUND', '-f', join(dir, 'apache.conf')],
    files: (place) => ({
      'www/index.html': 'hello',
      'apache.conf': `ServerRoot ${place.dir}
ServerName truth.test
PidFile ${place.dir}/pid
ErrorLog ${place.dir}/error.log
Listen ${at(place, ':')} http
User nobody
Group nogroup
${['mpm_event', 'authz_core', 'dir', ...modules]
  .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
  .join('\n')}
StartServers 1
ThreadsPerChild 4
MaxRequestWorkers 4
MinSpareThreads 1
MaxSpareThreads 4
ServerLimit 1
DefaultRuntimeDir ${place.dir}
Mutex file:${place.dir} default
DocumentRoot ${place.dir}/www
<Directory ${place.dir}/www>
  Require all granted
</Directory>
${lines.join('\n').replaceAll('@DIR@', place.dir)}
`,
    }),
    env: { APACHE_RUN_DIR: '/tmp' },
  });

export const startLighttpd = (...lines: string[]) =>
  start({
    command: 'lighttpd',
    args: ({ dir }) => ['-D', '-f', join(dir, 'lighttpd.conf')],
    files: ({ address, port, dir }) => ({
      'www/index.html': 'hello',
      'lighttpd.conf': `server.document-root = "${dir}/www"
server.bind = "${address}"
server.port = ${port}
server.errorlog = "${dir}/error.log"
${lines.join('\n')}
`,
    }),
  });
export const TLS_OF_LIGHTTPD = `server.modules += ("mod_openssl")
ssl.engine = "enable"
ssl.pemfile = "${CERTIFICATE}"`;
export const DAV_OF_LIGHTTPD = 'server.modules += ("mod_webdav")\nwebdav.activate = "enable"';

export const startRclone = (...flags: string[]) =>
  start({
    command: 'rclone',
    args: (place) => ['serve', 'webdav', '--config=/dev/null', `--addr=${at(place, ':')}`, ...flags, place.dir],
    env: { GOMAXPROCS: '1' },
  });

export const startRegistry = (tls = '') =>
  start({
    command: 'docker-registry',
    args: ({ dir }) => ['serve', join(dir, 'config.yml')],
    files: (place) => ({
      'config.yml': `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${place.dir}}}\nhttp:\n  addr: ${at(place, ':')}\n${tls}`,
    }),
  });
export const TLS_OF_REGISTRY = `  tls: {certificate: ${CERTIFICATE}, key: ${CERTIFICATE}}\n`;

export const startHaproxy = (mode: string) =>
  start({
    command: 'haproxy',
    args: ({ dir }) => ['-db', '-f', join(dir, 'haproxy.cfg')],
    files: (place) => ({
      'haproxy.cfg': `defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 1s\n${mode.replaceAll('@AT@', at(place, ':'))}\n`,
    }),
  });

export const startRedis = () =>
  start({
    command: 'redis-server',
    args: ({ address, port }) => ['--bind', address, '--port', `${port}`, '--save', ''],
  });

export const startMemcached = () =>
  start({
    command: 'memcached',
    args: ({ address, port }) => ['-u', 'nobody', '-l', address, '-p', `${port}`, '-m', '8', '-t', '1'],
  });

export const startMosquitto = () =>
  start({
    command: 'mosquitto',
    args: ({ dir }) => ['-c', join(dir, 'mosquitto.conf')],
    files: ({ address, port }) => ({
      'mosquitto.conf': `listener ${port} ${address}\nallow_anonymous true\nuser root\n`,
    }),
  });

export const startBusybox = () =>
  start({
    command: 'busybox',
    args: (place) => ['httpd', '-f', '-p', at(place, ':'), '-h', join(place.dir, 'www')],
    files: () => ({ 'www/index.html': 'hello' }),
  });

/** Of UDP alone, as it starts by default here: nothing listens on its TCP port; or of TCP alone. */
export const startKamailio = (transport: 'udp' | 'tcp' = 'udp') =>
  start({
    command: 'kamailio',
    args: ({ dir }) => ['-DD', '-E', '-m', '16', '-M', '4', '-Y', dir, '-f', join(dir, 'kamailio.cfg')],
    files: (place) => ({
      'kamailio.cfg': `debug=0\nlog_stderror=yes\n${KAMAILIO[transport]}\nlisten=${transport}:${at(place, ':')}
loadmodule "sl.so"\nrequest_route { sl_send_reply("200", "OK"); }\n`,
    }),
    ...(transport === 'udp' && { ready: async ({ address, port }: Place) => !(await isFree(address, port)) }),
  });
const KAMAILIO = {
  udp: 'fork=no\nchildren=1\ndisable_tcp=yes',
  // It takes processes of their own for TCP.
  tcp: 'fork=yes\nchildren=1\ntcp_children=1\nenable_tls=no',
};

export const startOpentracker = () =>
  start({
    command: 'opentracker',
    args: ({ address, port }) => ['-i', address, '-p', `${port}`, '-P', `${port}`, '-d', '/tmp', '-u', 'nobody'],
  });

/** A time server that never touches this machine's clock. @param lines `local stratum 5`: it goes by its own clock */
export const startChrony = (...lines: readonly string[]) =>
  start({
    command: 'chronyd',
    args: ({ dir }) => ['-d', '-x', '-f', join(dir, 'chrony.conf')],
    files: ({ address, port, dir }) => ({
      'chrony.conf': [
        ...[`port ${port}`, `bindaddress ${address}`, 'allow all', 'cmdport 0', 'bindcmdaddress /'],
        ...['user root', `pidfile ${dir}/pid`, ...lines, ''],
      ].join('\n'),
    }),
    ready: async ({ address, port }) => !(await isFree(address, port)),
  });

/** As much of Nextcloud as a probe sees. */
export const startCloud = (maintenance: boolean) =>
  start({
    command: 'php',
    args: (place) => ['-S', at(place, ':'), '-t', join(place.dir, 'www')],
    files: () => ({
      'www/nextcloud/status.php': `<?php header('Content-Type: application/json'); echo json_encode(['installed' => true,
'maintenance' => ${maintenance}, 'version' => '29.0.4.1', 'versionstring' => '29.0.4', 'productname' => 'Nextcloud']);`,
    }),
  });

/** Whether a datagram socket could be opened there. */
async function isFree(address: string, port: number): Promise<boolean> {
  const socket = createSocket('udp4').bind(port, address);
  try {
    await once(socket, 'listening');
    socket.close();
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL, which does not run as root. */
export const startPostgres = () =>
  start({
    command: UNPRIVILEGED[0],
    prepare: async ({ dir }) => {
      const files = ['-D', join(dir, 'data'), '-N', '-A', 'trust', '--no-locale', '--no-instructions'];
      const [command, ...args] = UNPRIVILEGED;
      await promisify(execFile)(command, [...args, postgres('initdb'), ...files], { cwd: dir });
    },
    args: ({ address, port, dir }) => {
      const place = ['-D', join(dir, 'data'), '-h', address, '-p', `${port}`, '-k', dir];
      return [...UNPRIVILEGED.slice(1), postgres('postgres'), ...place];
    },
  });
const UNPRIVILEGED: readonly [string, ...string[]] =
  process.getuid?.() === 0 ? ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'] : ['env'];
const LIBRARY = '/usr/lib/postgresql';
const postgres = (name: string) => join(LIBRARY, readdirSync(LIBRARY).sort().at(-1) ?? '', 'bin', name);

/** SNPgraphs as PHP runs it, with an owner's config.php that ends in empty lines. */
export const startGraphs = () =>
  start({
    command: 'php',
    args: (place) => ['-S', at(place, ':'), join(place.dir, 'router.php')],
    files: () => ({
      'config.php': '<?php $SNPGraphServerId = 1234; ?>\n\n\n',
      'router.php': `<?php require __DIR__ . '/config.php'; header('Content-type: text/plain'); echo '0.2.3'; ?>\n`,
    }),
  });
