/**
 * The lines that types give people to copy, tried with the programs that they are for: how to use a provider, and how to open
 * a service of this node to neighbours. A new kind of line fails here until somebody has tried it.
 */
import { type ExecFileException, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import type { UseStep } from '../../plugin/services/contract.js';
import { loadServices } from '../../plugin/services/index.js';
import { keepLine } from '../../plugin/services/steps.js';
import { provider } from '../services/providers.js';
import { killAgents, startAgent, until } from './agents.js';
import { freePort, startNamed, startSquid } from './programs.js';

const services = await loadServices();
const type = (id: string) => services.of(id);
afterEach(killAgents);

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'advice-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What the type says to copy for such a provider. */
const copies = (id: string, of: Partial<Provider>, best?: readonly Provider[]): string[] =>
  type(id)
    .use(provider({ type: id, ...of }), best)
    .flatMap((step) => (step.kind === 'copy' ? [step.text] : []));
const line = (id: string, of: Partial<Provider>, start: RegExp, best?: readonly Provider[]): string => {
  const found = copies(id, of, best).find((text) => start.test(text));
  if (found === undefined) throw new Error(`${id} gives no line ${start}`);
  return found;
};

/** With what a person would type in the place of the parts that are missing. */
const typed = (text: string) => text.replace(/<(\w+)>/g, '$1');

/** Runs lines of sh; resolves with what they print, also where they fail. */
const sh = (script: string): Promise<string> =>
  new Promise((resolve) => {
    execFile('sh', ['-c', script], { timeout: 20_000 }, (error: ExecFileException | null, stdout, stderr) =>
      resolve(`${stdout}${error ? stderr : ''}`.trim()),
    );
  });

/** Runs lines of sh in a network and with mounts of its own, among these files; every program in it ends with them. */
function inNetwork(files: Readonly<Record<string, string>>, script: string): Promise<string> {
  const dir = folder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  writeFileSync(join(dir, 'script'), `cd ${dir}\nip link set lo up\n${script}\n`);
  return sh(`timeout 15 unshare -mnp --fork --kill-child sh ${dir}/script </dev/null`);
}

/** A program that ends with the test. */
function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): () => string {
  const child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  onTestFinished(async () => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
    child.kill('SIGKILL');
    await ended;
  });
  return () => output;
}

/** Every line that any type gives, with the trial that it has here. */
const TRIALS: readonly (readonly [type: string, line: RegExp, trial: string])[] = [
  ['dnsservice', /^dig @/, 'dig'],
  ['dnsservice', /^nameserver /, 'a network of its own'],
  ['dnsservice', /^no-resolv\nserver=/, 'a network of its own'],
  // Programs that would take over the network of the machine that tests: tried by hand, their form is checked.
  ['dnsservice', /^\[global-dns-domain-\*\]\nservers=[\d.,a-f:]+$/, 'form'],
  ['dnsservice', /^\[Resolve\]\nDNS=[\d. a-f:[\]]+\nDomains=~\.$/, 'form'],
  ['dnsservice', /^static domain_name_servers=[\d. a-f:]+$/, 'form'],
  ['dnsservice', /^supersede (domain-name-servers|dhcp6\.name-servers) [\d., a-f:;]+/, 'form'],
  ['dnsservice', /^uci add_list /, 'sh -n'],
  // For the fields of systems that Debian does not have.
  ['dnsservice', /^[\d.:a-f]+$/, 'form'],
  ['dnsservice', /^ls -l /, 'sh'],
  ['proxy3', /^[\d.:a-f]+$/, 'curl -x'],
  ['proxy3', /^Acquire::http::Proxy /, 'apt-config'],
  ['proxy3', /^export http_proxy=/, 'curl'],
  ['serf', /^apt install /, 'apt-cache'],
  ['serf', /^serf join /, 'serf'],
  ['serf', /^SERF_JOIN="/, 'sh'],
  ['serf', /^{ "retry_join"/, 'serf agent'],
  ['syncthing', /^[A-Z2-7-]{63}$/, 'syncthing cli'],
  ['syncthing', /^syncthing cli /, 'syncthing cli'],
  ['syncthing', /^tcp:\/\/\S+, dynamic$/, 'form'],
  ['syncthing', /^sudo apt install /, 'apt-cache'],
  ['tincvpn', /^apt install /, 'tincd'],
  ['tincvpn', /^cat \/etc\/tinc\//, 'tincd'],
  ['tincvpn', /^echo 'Address = /, 'tincd'],
  ['tincvpn', /^echo 'ConnectTo = /, 'tincd'],
  // Would start it on the machine that tests.
  ['tincvpn', /^systemctl enable tinc@\S+\nsystemctl restart tinc@\S+$/, 'form'],
  ['webdav', /^(dav|http):\/\//, 'curl and rclone'],
  // Debian has none of these programs.
  ['peerstreamer', /^ip -brief /, 'sh'],
  ['peerstreamer', /^streamer /, 'sh -n'],
  ['peerstreamer', /^ffplay /, 'sh -n'],
  ['tahoe-lafs', /^pb:\/\/[a-z2-7]{32}@/, 'form'],
  ['tahoe-lafs', /^sudo apt install /, 'apt-cache'],
  ['tahoe-lafs', /^tahoe (create-client|run)/, 'sh -n'],
  ['ipfs', /^[\d.:[\]a-f]+$/, 'form'],
  ['other', /^[\d.:[\]a-f]+$/, 'form'],
];

const ID = 'MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD';
const TXT = new Map([
  ['node_id', 'a2b3c4d5e6f7a2b3c4d5e6f7a2b3c4d5'],
  ['name', 'anna'],
]);
const offers = (id: string): UseStep[] =>
  ['10.1.2.3', 'fd00::1'].flatMap((address) =>
    [53, 5353].flatMap((port) => {
      const txt = id === 'syncthing' ? new Map([['node_id', ID]]) : TXT;
      return [...type(id).use(provider({ type: id, address, port, txt }))];
    }),
  );

/** Built in, or shown once somebody announces them. */
const TYPES = [...services.types.map(({ id }) => id), 'Docker', 'webdav', 'ipfs', 'other'];

describe.each(TYPES)('what %s gives to copy', (id) => {
  const lines = offers(id).flatMap((step) => (step.kind === 'copy' ? [step.text] : []));
  const trial = (text: string) => TRIALS.find(([of, pattern]) => of === id && pattern.test(text))?.[2];

  it('has a trial, line by line', () => {
    expect(lines.filter((text) => trial(text) === undefined)).toEqual([]);
  });

  it('is read by a shell where it is a command', () => {
    const words = 'dig|ls|ip|cat|echo|sudo|apt|uci|export|serf|syncthing|systemctl|streamer|ffplay|tahoe';
    const commands = lines.filter((text) => new RegExp(`^(?:${words}) `).test(text));
    for (const text of commands) expect(() => execFileSync('sh', ['-n', '-c', typed(text)])).not.toThrow();
  });

  it('names packages that Debian has', () => {
    for (const name of lines.flatMap((text) => [...(/\bapt install (\S+)/.exec(text)?.slice(1) ?? [])]))
      expect(execFileSync('apt-cache', ['show', name], { encoding: 'utf8' })).toContain(`Package: ${name}`);
  });
});

it('every trial is of a line that is still given', () => {
  const given = TYPES.flatMap((id) =>
    offers(id).flatMap((step) => (step.kind === 'copy' ? [[id, step.text] as const] : [])),
  );
  const unused = TRIALS.filter(([id, pattern]) => !given.some(([of, text]) => of === id && pattern.test(text)));
  expect(unused).toEqual([]);
});

/** In a network of its own, beside a name server on both ports: what the machine then finds for a name of guifi.net. */
const inside = (lines: string, resolvConf: string): Promise<string> =>
  inNetwork(
    {
      'unbound.conf': `server:
interface: 127.9.1.1\n  interface: 127.9.1.1@5353\n  directory: "."\n  chroot: ""\n  username: ""\n  pidfile: "pid"
use-syslog: no\n  do-daemonize: no\n  access-control: 127.0.0.0/8 allow\n  local-data: "torre.guifi.net. A 10.1.2.3"\n`,
      'resolv.conf': `${resolvConf}\n`,
      lines: `${lines}\n`,
    },
    `mount --bind resolv.conf /etc/resolv.conf
unbound -c unbound.conf >log 2>&1 &
until grep -q "start of service" log; do sleep 0.05; done
if [ -n "$(cat lines)" ]; then
dnsmasq --test -C lines 2>&1
dnsmasq -k -C lines -u root --pid-file= --bind-interfaces --listen-address=127.0.0.1 >log2 2>&1 &
until dig +short +time=1 +tries=1 @127.0.0.1 torre.guifi.net | grep -q 10; do sleep 0.05; done
fi
getent hosts torre.guifi.net`,
  );

describe('a name server', () => {
  it('is asked with the line for dig', async () => {
    const named = await startNamed();
    onTestFinished(() => named.stop());
    expect(await sh(line('dnsservice', named, /^dig /))).toMatch(/ANSWER SECTION.*SOA\s+ns1\.guifi\.net/s);
  });

  it('is used with the lines for resolv.conf', async () => {
    const text = line('dnsservice', { address: '127.9.1.1', port: 53 }, /^nameserver/);
    expect(await inside('', text)).toMatch(/^10\.1\.2\.3\s+torre\.guifi\.net/);
  });

  it.each([53, 5353])('on port %i is used with the lines for dnsmasq', async (port) => {
    const text = line('dnsservice', { address: '127.9.1.1', port }, /^no-resolv/);
    expect(await inside(text, 'nameserver 127.0.0.1')).toMatch(/syntax check OK\.\s+10\.1\.2\.3\s+torre\.guifi\.net/);
  });
});

/** The key of the root zone, of 2017. https://data.iana.org/root-anchors/ */
const TRUSTED = 'E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D';

describe('files that follow the best name servers', () => {
  const best = [
    provider({ address: '127.9.1.1', port: 53 }),
    provider({ address: '127.9.1.9', port: 53 }),
    provider({ address: '127.9.1.1', port: 5353 }),
  ];
  const written = (name: string) =>
    type('dnsservice')
      .files?.find((file) => file.name === name)
      ?.write(best) ?? '';

  it('serve a machine that reads resolv.conf', async () => {
    expect(await inside('', written('resolv.conf'))).toMatch(/^10\.1\.2\.3\s+torre\.guifi\.net/);
  });

  it('serve dnsmasq', async () => {
    const said = await inside(written('dnsmasq.conf'), 'nameserver 127.0.0.1');
    expect(said).toMatch(/syntax check OK\.\s+10\.1\.2\.3\s+torre\.guifi\.net/);
  });

  it('serve unbound, among the files that Debian gives it', async () => {
    const server = (
      address: string,
      more: string,
    ) => `server:\n  interface: ${address}\n  directory: "."\n  chroot: ""\n  username: ""
  pidfile: "pid${address}"\n  use-syslog: no\n  do-daemonize: no\n  access-control: 127.0.0.0/8 allow\n${more}\n`;
    const files = {
      'neighbour.conf': server('127.9.1.1', '  local-data: "torre.guifi.net. A 10.1.2.3"'),
      'own.conf': `${server('127.0.0.1', '  do-not-query-localhost: no')}include: "best.conf"\ninclude: "debian.conf"\n`,
      // What Debian's own file has it check signatures by.
      'debian.conf': `server:\n  trust-anchor: ". DS 20326 8 2 ${TRUSTED}"\n`,
      'best.conf': written('unbound.conf'),
    };
    const script = `unbound-checkconf own.conf >&2 || exit 1
for name in neighbour own; do unbound -c $name.conf >$name.log 2>&1 & done
until grep -q "start of service" own.log && grep -q "start of service" neighbour.log; do sleep 0.05; done
until dig +short +time=1 +tries=1 @127.0.0.1 torre.guifi.net | grep '^10'; do sleep 0.05; done`;
    expect(await inNetwork(files, script)).toBe('10.1.2.3');
  });

  it('are put in their place by the line for cron, only when they have changed, and kept when none can be had', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'served'), 'one');
    const line = keepLine(`file://${dir}/served`, { path: `${dir}/kept`, reload: 'echo reloaded' });
    const command = line.replace('*/10 * * * * root ', '').replaceAll('/run/', `${dir}/`);
    expect(await sh(command)).toBe('reloaded');
    expect(readFileSync(join(dir, 'kept'), 'utf8')).toBe('one');
    expect(await sh(command)).toBe('');
    rmSync(join(dir, 'served'));
    await sh(command);
    expect(readFileSync(join(dir, 'kept'), 'utf8')).toBe('one');
  });
});

describe('unbound, opened to the neighbours', () => {
  const opening = type('dnsservice').local?.units.find(({ unit }) => unit === 'unbound.service')?.opening;

  /** What a neighbour with the address `from` hears of a node that has these lines, and several addresses. */
  async function ask(lines: string, from: string): Promise<string> {
    const server = `server:\n  directory: "."\n  chroot: ""\n  username: ""\n  pidfile: "pid"\n  use-syslog: no
  do-daemonize: no\n  local-data: "torre.guifi.net. A 10.1.2.3"\n`;
    const files = { 'unbound.conf': `include-toplevel: "community.conf"\n${server}`, 'community.conf': `${lines}\n` };
    const asking = from.includes(':') ? 'fd00::1 fd00::2' : '10.5.0.1 10.77.0.9';
    const script = `for address in 10.5.0.1 10.77.0.9 fd00::1 fd00::2 ${from}; do ip addr add $address dev lo nodad; done
unbound-checkconf unbound.conf
unbound -c unbound.conf >log 2>&1 &
until grep -q "start of service" log; do sleep 0.05; done
for asked in ${asking}; do for over in +notcp +tcp; do
  dig $over +time=1 +tries=1 -b ${from} @$asked torre.guifi.net | grep -oE "status: [A-Z]+|unexpected source|timed out"
done; done`;
    return (await inNetwork(files, script)).replace(/^.*no errors in unbound\.conf\n/, '').replaceAll('\n', ', ');
  }
  const answers = (status: string) => Array(4).fill(`status: ${status}`).join(', ');

  it('answers from the address that was asked, to those in the ranges that the owner has set', async () => {
    const lines = opening?.textFor?.(['10.5.0.0/16', 'fd00:5::/32']) ?? '';
    expect(await ask(lines, '10.5.6.7')).toBe(answers('NOERROR'));
    expect(await ask(lines, 'fd00:5::7')).toBe(answers('NOERROR'));
    expect(await ask(lines, '10.6.6.7')).toBe(answers('REFUSED'));
  });

  it('is open to private addresses where the owner has set no ranges', async () => {
    for (const from of ['10.200.3.4', '172.31.3.4', '192.168.3.4', '100.64.3.4', 'fd12::7'])
      expect(await ask(opening?.text ?? '', from)).toBe(answers('NOERROR'));
    expect(await ask(opening?.text ?? '', '172.32.3.4')).toBe(answers('REFUSED'));
  });
});

describe('a proxy', () => {
  const at = { address: '127.0.0.1' };
  const account = { user: 'anna', password: 'secret' };
  // Answered by the proxy itself.
  const page = `curl -s -o /dev/null -D - --max-time 5 -H 'Cache-Control: only-if-cached' http://probe.invalid/`;

  it('is used with the line for the command line, with an account where it wants one', async () => {
    const squid = await startSquid({ ...at, account });
    onTestFinished(() => squid.stop());
    const text = line('proxy3', squid, /^export/);
    expect(await sh(`${text}; ${page}`)).toMatch(/^HTTP\/1\.1 407 /);
    const named = text.replaceAll('http://', 'http://anna:secret@');
    expect(await sh(`${named}; ${page}`)).toMatch(/^HTTP\/1\.1 504 .*ONLY_IF_CACHED/s);
    // Not by way of the neighbour.
    expect(await sh(`${text}; curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9/`)).toMatch(/^000/);
  });

  it('is used at the address for the browser', async () => {
    const squid = await startSquid({ ...at, access: 'open' });
    onTestFinished(() => squid.stop());
    const [address, port] = copies('proxy3', squid);
    expect(await sh(`${page} -x ${address}:${port}`)).toMatch(/^HTTP\/1\.1 504 .*ONLY_IF_CACHED/s);
  });

  it('is read by apt', async () => {
    const file = join(folder(), '80proxy');
    writeFileSync(file, line('proxy3', { ...at, port: 3128 }, /^Acquire/));
    expect(await sh(`apt-config dump -c ${file} Acquire::https::Proxy`)).toContain('"http://127.0.0.1:3128/"');
  });
});

describe('a Serf agent', () => {
  it('joins with the command', async () => {
    const [own, other] = await Promise.all([startAgent({ name: 'own' }), startAgent({ name: 'other' })]);
    const text = line('serf', { address: other.address, port: other.gossipPort }, /^serf join/);
    const rpc = `-rpc-addr=${own.rpc.host}:${own.rpc.port}`;
    expect(await sh(text.replace('serf join', `serf join ${rpc}`))).toMatch(/Successfully joined/);
  });

  it('joins with the file of Debian’s package, also where nobody answers yet', async () => {
    const [dir, seed] = [folder(), { address: '127.9.40.1', port: 17_946 }];
    writeFileSync(join(dir, 'community.json'), line('serf', seed, /^{/));
    const rpc = `127.9.40.2:${await freePort('127.9.40.2')}`;
    const output = run('serf', [
      'agent',
      `-config-dir=${dir}`,
      '-node=late',
      '-bind=127.9.40.2:17946',
      `-rpc-addr=${rpc}`,
    ]);
    await until('it has tried', () => /Joining cluster|Join failed/.test(output()));
    expect(await sh(`serf members -rpc-addr=${rpc}`)).toMatch(/late/);
  });

  it('is given a line that Cloudy’s shell reads', async () => {
    const text = line('serf', { address: 'fd00::1', port: 5000 }, /^SERF_JOIN/);
    expect(await sh(`${text}; printf %s "$SERF_JOIN"`)).toBe('[fd00::1]:5000');
  });
});

it('Syncthing knows the device after the command', async () => {
  const [dir, gui] = [folder(), await freePort('127.0.0.1')];
  const env = { HOME: dir, STNOUPGRADE: '1', STNODEFAULTFOLDER: '1', STMONITORED: 'yes' };
  execFileSync('syncthing', ['generate'], { env: { ...process.env, ...env }, stdio: 'pipe' });
  const file = join(dir, '.config', 'syncthing', 'config.xml');
  const config = readFileSync(file, 'utf8')
    .replace(/<address>127\.0\.0\.1:\d+<\/address>/, `<address>127.0.0.1:${gui}</address>`)
    .replace(
      '<listenAddress>default</listenAddress>',
      `<listenAddress>tcp://127.0.0.1:${await freePort('127.0.0.1')}</listenAddress>`,
    )
    .replace(/<(global|local)AnnounceEnabled>true/g, '<$1AnnounceEnabled>false')
    .replace('<relaysEnabled>true', '<relaysEnabled>false');
  writeFileSync(file, config);
  run('syncthing', ['serve', '--no-browser'], env);
  const cli = (words: string) => sh(`export HOME=${dir}; syncthing cli ${words}`);
  await until('it takes orders', async () => /"myID"/.test(await cli('show system')));
  const at = { address: 'fd00::1', port: 22_000, txt: new Map([['node_id', ID]]) };
  const text = line('syncthing', at, /^syncthing cli/);
  expect(text).toContain(line('syncthing', at, /^[A-Z2-7-]{63}$/));
  expect(await sh(`export HOME=${dir}; ${text}`)).toBe('');
  expect(await cli(`config devices ${ID} dump-json`)).toContain('tcp://[fd00::1]:22000');
});

it('tinc makes its network and connects with the commands', async () => {
  const dir = folder();
  const seed = { address: '127.9.41.1', port: 9, txt: TXT };
  const commands = [/^apt install/, /^cat/, /^echo 'Address/, /^echo 'ConnectTo/].map((start) =>
    typed(line('tincvpn', seed, start)).replace('apt install tinc\n', ''),
  );
  const own = commands.join('\n').replaceAll('/etc/tinc', dir).replace('tincd -n net', `tincd -c ${dir}/net`);
  expect(await sh(`set -e\n${own}`)).toContain('BEGIN RSA PUBLIC KEY');
  const net = join(dir, 'net');
  expect(readFileSync(join(net, 'tinc.conf'), 'utf8')).toBe('Name = me\nConnectTo = anna\n');
  const port = await freePort('127.9.41.2');
  appendFileSync(join(net, 'tinc.conf'), `DeviceType = dummy\nBindToAddress = 127.9.41.2 ${port}\n`);
  const output = run('tincd', ['-c', net, '-D', '-d2', `--pidfile=${join(dir, 'pid')}`]);
  await until('it tries that address', () => /Trying to connect to anna \(127\.9\.41\.1 port 9\)/.test(output()));
});

it('a web folder is opened at its address', async () => {
  const [dir, port] = [folder(), await freePort('127.0.0.1')];
  mkdirSync(join(dir, 'shared'));
  writeFileSync(join(dir, 'shared', 'hello.txt'), 'hello');
  run('rclone', ['serve', 'webdav', dir, '--addr', `127.0.0.1:${port}`, '--config', '/dev/null']);
  const at = { address: '127.0.0.1', port, txt: new Map([['path', '/shared/']]) };
  const url = line('webdav', at, /^dav:/).replace(/^dav:/, 'http:');
  await until('it serves', async () =>
    /207/.test(await sh(`curl -s -o /dev/null -w '%{http_code}' -X PROPFIND ${url}`)),
  );
  expect(line('webdav', at, /^http:/)).toBe(url);
  expect(await sh(`curl -s -X PROPFIND -H 'Depth: 1' ${url}`)).toContain('hello.txt');
  expect(await sh(`rclone lsf --config /dev/null :webdav: --webdav-url ${url}`)).toBe('hello.txt');
});
