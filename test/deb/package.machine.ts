/**
 * The package on a booted Debian 13: installed, driven, booted again, upgraded, removed, purged. The tests follow one
 * another as in the life of a node.
 */
import { copyFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PACKET_TRAIN_ARGS, PATH_ARGS } from '../../plugin/probe/ping.js';
import { loadServices } from '../../plugin/services/index.js';
import { Machine } from './machine.js';
import { Owner } from './owner.js';

const TREE = join(import.meta.dirname, '..', '..');
const PASSWORD = 'four words in a row';
const VERSION = (JSON.parse(readFileSync(join(TREE, 'package.json'), 'utf8')) as { version: string }).version;
const CONF = '/etc/cloudy-services.conf';

let machine: Machine;
let owner: Owner;

/** Where Cloudy's own web GUI would be, and what of it is there. */
const DOCROOT = '/var/local/cDistro';
const inDocroot = async () => (await machine.output('find', DOCROOT, '!', '-type', 'd')).split('\n').sort();

/** A path that `.ci/test-deb` gives. */
function given(name: 'DEB' | 'PREVIOUS_DEB' | 'DEB_ROOT'): string {
  const path = process.env[name];
  if (!path) throw new Error(`${name} is not set: run npm run test:deb`);
  return path;
}

async function install(deb: string): Promise<string> {
  const inside = `/root/${basename(deb)}`;
  copyFileSync(deb, machine.path(inside));
  return machine.output('apt-get', 'install', '--yes', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', inside);
}

const active = (unit: string) => machine.run('systemctl', 'is-active', unit).then(({ stdout }) => stdout.trim());
const enabled = (unit: string) => machine.run('systemctl', 'is-enabled', unit).then(({ stdout }) => stdout.trim());
/** Lines of the panel's journal of exactly that level, of this boot. */
const logged = (level: 'err' | 'warning' | 'info') =>
  machine.output('journalctl', '--boot', '--unit=cloudy-services', `--priority=${level}..${level}`, '--output=cat');
const mainPid = () => machine.output('systemctl', 'show', '--value', '--property=MainPID', 'cloudy-services');

/** What a neighbour's Serf agent hears this node announce, read with the programs that old nodes read it with. */
async function heardByNeighbour(): Promise<unknown> {
  const [agent, rpc] = ['serf agent -node=neighbour -bind=127.0.0.2', '-rpc-addr=127.0.0.1:7374'];
  const said = await machine.shell(`systemctl -q is-active neighbour || systemd-run -qG --unit=neighbour ${agent} ${rpc}
    serf join ${rpc} 127.0.0.1 >/dev/null
    serf members ${rpc} -status=alive -format=json |
      jq -r '.members[] | select(.name != "neighbour") | .tags.services // empty' | base64 -d | bzip2 -d | jq -c .`);
  return said === '' ? null : JSON.parse(said);
}

/** What the local network hears, a line for each service; the machine's cable is put in first. */
function heardOnCable(): Promise<string> {
  return machine.shell(`ip link show cable >/dev/null 2>&1 || {
      ip link add cable type veth peer name end; ip address add 10.0.0.1/24 dev cable
      ip link set cable up; ip link set end up
    }
    avahi-browse --resolve --parsable --terminate --no-db-lookup _dnsservice._tcp`);
}
const ON_CABLE = /^=;cable;IPv4;Names\\032for\\032all;_dnsservice\._tcp;local;[^;]+;10\.0\.0\.1;53;"lang=ca"$/m;

beforeAll(async () => {
  machine = await Machine.boot(given('DEB_ROOT'));
  // Without a network, Serf finds no address by itself.
  await machine.shell(`echo '{"bind": "127.0.0.1"}' >/etc/serf/agent.json; systemctl restart serf unbound
    mkdir -p ${DOCROOT}/plug/controllers ${DOCROOT}/plug/menus ${DOCROOT}/lang /etc/cloudy
    echo 'DOCROOT="${DOCROOT}"' >/etc/cloudy/cloudy.conf; echo theirs >${DOCROOT}/plug/controllers/default.php
    useradd --create-home alice; install -o alice -g alice /dev/stdin /home/alice/kept </etc/hostname`);
});
afterAll(() => machine?.stop());

describe('installing', () => {
  it('needs nothing but Debian, and says where the panel is and how to become its owner', async () => {
    const said = await install(given('PREVIOUS_DEB'));
    expect(said).toContain('the panel is at http://127.0.0.1:7001/');
    expect(said).toContain('ssh -L 7001:127.0.0.1:7001 NODE');
    expect(said).toContain('cloudy-services passwd');
    expect([await active('cloudy-services'), await enabled('cloudy-services')]).toEqual(['active', 'enabled']);
  });

  it('has a doctor who finds the panel, and may read the journal as the panel itself may', async () => {
    const { stdout } = await machine.run('cloudy-services', 'doctor', '--json');
    const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string; text: string }[] };
    expect(checks.filter(({ name }) => ['panel', 'journal'].includes(name))).toEqual([
      expect.objectContaining({ name: 'panel', state: 'works' }),
      expect.objectContaining({ name: 'journal', state: 'works' }),
    ]);
  });

  it('brings its documents, readable as they are, where they link to each other', async () => {
    const folder = '/usr/share/doc/cloudy-services';
    const readme = await machine.output('cat', `${folder}/README.md`);
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(8);
    const found = await machine.shell(`cd ${folder} && ls ${links.join(' ')}`);
    expect(new Set(found.split('\n'))).toEqual(new Set(links));
  });

  it('sends an ordinary user, who may not read the configuration, to sudo', async () => {
    const { code, stderr } = await machine.run('setpriv', '--reuid=alice', '--clear-groups', 'cloudy-services', 'list');
    expect([code, stderr]).toEqual([1, expect.stringContaining('Run it with sudo.')]);
  });

  it('shows the panel in Cloudy’s own web GUI, where there is one', async () => {
    const linked = [
      ...['lang/ca.cloudyservices.php', 'lang/en.cloudyservices.php', 'lang/es.cloudyservices.php'],
      ...['plug/controllers/cloudyservices.php', 'plug/controllers/default.php'],
      ...['plug/menus/r0100.cloudyservices.menu.php', 'plug/resources/cloudyservices'],
    ];
    expect(await inDocroot()).toEqual(linked.map((path) => `${DOCROOT}/${path}`));
    expect(await machine.output('cat', `${DOCROOT}/plug/resources/cloudyservices/style.css`)).toContain('.cs');
    expect(await machine.output('cat', `${DOCROOT}/lang/ca.cloudyservices.php`)).toContain('addS(');
  });

  it('leaves the panel without an owner until root sets a password, and nothing of root’s in the history', async () => {
    await expect(Owner.login(machine, '')).rejects.toThrow('401');
    await machine.shell(`echo '${PASSWORD}' | cloudy-services passwd; cloudy-services list >/dev/null`);
    owner = await Owner.login(machine, PASSWORD);
    expect(await machine.output('find', '/var/lib/cloudy-services', '!', '-user', 'cloudy-services')).toBe('');
  });

  it('lets only root and the panel’s own group reach socket, configuration and history', async () => {
    const modes = await machine.shell(
      `stat -c '%a %U %G' /run/cloudy-services /run/cloudy-services/panel.sock ${CONF} /var/lib/cloudy-services`,
    );
    const own = 'cloudy-services cloudy-services';
    expect(modes.split('\n')).toEqual([`750 ${own}`, `660 ${own}`, '640 root cloudy-services', `700 ${own}`]);
  });
});

describe('upgrading', () => {
  it('keeps password and configuration, and starts the new version', async () => {
    await machine.shell(`sed -i 's/^#LANGUAGE=.*/LANGUAGE=es/' ${CONF}; systemctl restart cloudy-services`);
    const before = await mainPid();
    const said = await install(given('DEB'));
    expect(said).not.toContain('nobody owns it');
    expect(await machine.output('cloudy-services', '--version')).toBe(VERSION);
    expect(await mainPid()).not.toBe(before);
    owner = await Owner.login(machine, PASSWORD);
    expect((await machine.http('GET', '/')).body).toContain('lang="es"');
    expect(await machine.output('stat', '-c', '%a %G', CONF)).toBe('640 cloudy-services');
    const at = async (what: string) =>
      Number(
        await machine.output('systemctl', 'show', '--value', `--property=${what}TimestampMonotonic`, 'cloudy-services'),
      );
    console.log(`away for ${Math.round(((await at('ActiveEnter')) - (await at('InactiveEnter'))) / 1000)} ms`);
  });
});

describe('the running panel', () => {
  it('passes the smoke test of the package', async () => {
    copyFileSync(join(TREE, 'debian/tests/smoke'), machine.path('/root/smoke'));
    await machine.output('sh', '/root/smoke');
  });

  // A tenth of it is the system call by which the thread that measures raises its priority.
  it('is confined: systemd finds an exposure of 1.4 at most', async () => {
    const said = await machine.output('systemd-analyze', 'security', '--no-pager', 'cloudy-services');
    const overall = /Overall exposure level.*: ([\d.]+)/.exec(said);
    console.log(overall?.[0]);
    expect(Number(overall?.[1])).toBeLessThanOrEqual(1.4);
  });

  it('comes back after it was killed', async () => {
    const before = await mainPid();
    await machine.output('systemctl', 'kill', '--signal=KILL', 'cloudy-services');
    await vi.waitFor(async () => {
      expect(['0', before]).not.toContain(await mainPid());
      expect(await active('cloudy-services')).toBe('active');
    }, 30_000);
  });

  it('may send its echo requests from where it is confined', async () => {
    const pings = [PATH_ARGS, PACKET_TRAIN_ARGS]
      .map((args) => `ExecStart=ping ${args.join(' ')} 127.0.0.1`)
      .join('\\n');
    const change = `s/^Type=.*/Type=oneshot/; /^(Restart|NotifyAccess|RuntimeDirectory)/d; s/^ExecStart=.*/${pings}/`;
    await machine.shell(`systemctl cat cloudy-services | sed -E '${change}' >/run/systemd/system/confined-ping.service
      systemctl daemon-reload; systemctl start confined-ping`);
  });

  it.each([
    ['dnsservice', 'unbound.service'],
    ['serf', 'serf.service'],
  ])('stops, disables, enables and starts the real %s as its owner asks, and shows its log', async (type, unit) => {
    const facts = async () => [await active(unit), await enabled(unit)];
    expect(await facts()).toEqual(['active', 'enabled']);
    expect([await owner.act(type, 'stop', { unit }), ...(await facts())]).toEqual(['done', 'inactive', 'enabled']);
    expect([await owner.act(type, 'disable', { unit }), ...(await facts())]).toEqual(['done', 'inactive', 'disabled']);
    expect([await owner.act(type, 'enable', { unit }), ...(await facts())]).toEqual(['done', 'inactive', 'enabled']);
    expect([await owner.act(type, 'start', { unit }), ...(await facts())]).toEqual(['done', 'active', 'enabled']);
    const { lines } = await owner.get<{ lines: string[] }>(`/api/v1/services/${type}/log?unit=${unit}`);
    expect(lines.join('\n')).toContain(`Started ${unit}`);
  });

  it('does the same to the instance of a template, whose name has to be escaped', async () => {
    const unit = 'syncthing@alice.service';
    for (const verb of ['enable', 'disable', 'enable'] as const) {
      const helper = `cloudy-services-${verb}@${await machine.output('systemd-escape', unit)}.service`;
      expect((await machine.asPanel('start', helper)).stderr).toBe('');
      expect(await enabled(unit)).toBe(`${verb}d`);
    }
    // The panel looks at systemd every two seconds, and has not seen what was just enabled beside it.
    await vi.waitFor(async () => expect(await owner.act('syncthing', 'start', { unit })).toBe('done'), 10_000);
    expect(await active(unit)).toBe('active');
    for (const verb of ['disable', 'enable']) {
      expect([await owner.act('syncthing', verb, { unit }), await enabled(unit)]).toEqual(['done', `${verb}d`]);
    }
  });

  it('announces a service as old nodes read it, and again after the Serf agent has restarted', async () => {
    const fields = { description: 'Names for all', attributes: 'lang=ca', community: 'la Vall' };
    expect(await owner.act('dnsservice', 'publish', fields)).toBe('done');
    // The machine has a Cloudy: the name is the one that its own announcer uses.
    const m = `${await machine.output('hostname')}.guifi.local`;
    const entry = { s: 'dnsservice', d: 'Names_for_all', m, i: '127.0.0.1', p: '53', e: 'la_Vall', t: 'lang=ca' };
    const isHeard = async () => expect(await heardByNeighbour()).toEqual([entry]);
    await vi.waitFor(isHeard, 30_000);
    // A new neighbour, who remembers nothing of what was announced before.
    await machine.shell('systemctl stop neighbour; systemctl restart serf');
    await vi.waitFor(isHeard, 60_000);
  });

  it('announces it on the local network, too', async () => {
    await vi.waitFor(async () => expect(await heardOnCable()).toMatch(ON_CABLE), 30_000);
  });

  it('may touch no other unit, and ours in no other way', async () => {
    const { types } = await loadServices();
    const ours = types.flatMap(({ local }) => local?.units.map(({ unit }) => unit.replace(/\.service$/, '')) ?? []);
    const all = await machine.output('systemctl', 'list-units', '--all', '--plain', '--no-legend', '--full');
    const others = all
      .split('\n')
      .map((line) => line.split(' ')[0] as string)
      .filter((unit) => !ours.some((one) => unit.startsWith(one)));
    expect(others.length).toBeGreaterThan(30);
    others.push('syncthing@root.service', 'syncthing@0.service');
    const escaped = (await machine.output('systemd-escape', '--', ...others)).split(' ');
    const helpers = ['enable', 'disable'].flatMap((verb) =>
      escaped.map((one) => `cloudy-services-${verb}@${one}.service`),
    );
    for (const [verb, units] of [
      ['stop', others],
      ['start', [...others, ...helpers]],
    ] as const) {
      const { stderr } = await machine.asPanel(verb, '--', ...units);
      expect(units.filter((unit) => !stderr.includes(`Failed to ${verb} ${unit}: `))).toEqual([]);
    }
    for (const verb of ['restart', 'reload', 'kill', 'enable', 'disable', 'mask']) {
      expect([verb, (await machine.asPanel(verb, 'unbound.service')).code]).not.toContain(0);
    }
  });

  it('tells the journal how grave each line is', async () => {
    expect(await logged('info')).toContain('cloudy-services listens on');
    expect(await logged('err')).toBe('');
    await machine.shell(`cp -p ${CONF} /root/conf; echo LISTEN=nowhere >>${CONF}`);
    await machine.run('systemctl', 'restart', 'cloudy-services');
    await machine.shell(`mv /root/conf ${CONF}; systemctl restart cloudy-services`);
    expect(await logged('err')).toContain('LISTEN');
  });

  it('answers 2,000 requests, and tells its memory before and after', async () => {
    const memory = async () => {
      const rollup = await machine.output('cat', `/proc/${await mainPid()}/smaps_rollup`);
      const kib = (name: string) => Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(rollup)?.[1]);
      return `${(kib('Rss') / 1024).toFixed(1)} MB resident, ${(kib('Pss') / 1024).toFixed(1)} MB its share`;
    };
    await machine.output('systemctl', 'restart', 'cloudy-services');
    console.log(`idle: ${await memory()}`);
    const statuses = new Set<number>();
    const visit = async () => statuses.add((await machine.http('GET', '/services/dnsservice')).status);
    for (let sent = 0; sent < 2_000; sent += 4) await Promise.all([visit(), visit(), visit(), visit()]);
    console.log(`after 2,000 pages: ${await memory()}`);
    expect([...statuses]).toEqual([200]);
  });
});

describe('a node’s life', () => {
  it('after booting again everything is as it was', async () => {
    await machine.reboot();
    const units = ['cloudy-services', 'unbound', 'serf', 'syncthing@alice'];
    expect(await Promise.all(units.map(active))).toEqual(units.map(() => 'active'));
    owner = await Owner.login(machine, PASSWORD);
    await vi.waitFor(async () => expect(await heardByNeighbour()).toMatchObject([{ s: 'dnsservice' }]), 60_000);
    await vi.waitFor(async () => expect(await heardOnCable()).toMatch(ON_CABLE), 30_000);
    expect(await logged('err')).toBe('');
  });

  it('ends an announcement', async () => {
    expect(await owner.act('dnsservice', 'unpublish')).toBe('done');
    await vi.waitFor(async () => expect(await heardByNeighbour()).toBeNull(), 30_000);
    // Begun anew, the daemon has forgotten what it once heard, and knows only what is announced now.
    await machine.shell('systemctl restart avahi-daemon');
    await vi.waitFor(async () => expect(await heardOnCable()).toBe(''), 30_000);
    expect(await machine.shell('cat /proc/[0-9]*/comm 2>/dev/null | grep --count ^avahi-publish || true')).toBe('0');
  });

  it('removing ends the panel and keeps its history and configuration', async () => {
    await machine.output('apt-get', 'remove', '--yes', 'cloudy-services');
    expect(await active('cloudy-services')).toBe('inactive');
    const kept = ['/var/lib/cloudy-services/cloudy-services.sqlite', CONF];
    await machine.output('ls', ...kept);
    expect((await machine.asPanel('stop', 'unbound')).code).not.toBe(0);
    expect(await inDocroot()).toEqual([`${DOCROOT}/plug/controllers/default.php`]);
  });

  it('purging leaves no file of it, and leaves the services and what is theirs alone', async () => {
    await machine.output('apt-get', 'purge', '--yes', 'cloudy-services');
    const found =
      await machine.shell(`rm -f /root/*.deb; systemd-tmpfiles --clean; find / -xdev -name '*cloudy*services*' \
      -not -path '/proc/*' -not -path '/var/log/*'; grep -rl cloudy-services /etc --exclude=passwd* --exclude=group* --exclude=*shadow* || true`);
    expect(found).toBe('');
    expect(await Promise.all(['unbound', 'serf', 'syncthing@alice'].map(active))).toEqual([
      'active',
      'active',
      'active',
    ]);
    await machine.output('ls', '/home/alice/kept', '/var/lib/unbound/root.key', '/etc/serf/agent.json');
  });
});
