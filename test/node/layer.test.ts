/** What a machine runs in and on, by made-up trees of files and on this machine. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Layer, readLayer } from '../../plugin/node/layer.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { machineModel } from '../../plugin/present/machine.js';

const BARE: Layer = { container: null, machine: null, proxmox: false, model: null, hosts: [] };

/** What is read of a tree with these files. */
async function layerOf(files: Readonly<Record<string, string>>): Promise<Layer> {
  const root = mkdtempSync(join(tmpdir(), 'layer-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return readLayer(root);
}
const dmi = (vendor: string, product: string, more: Readonly<Record<string, string>> = {}) => ({
  'sys/class/dmi/id/sys_vendor': `${vendor}\n`,
  'sys/class/dmi/id/product_name': `${product}\n`,
  ...more,
});
const CLOCKS = 'sys/devices/system/clocksource/clocksource0/available_clocksource';
const KERNEL = 'proc/sys/kernel/osrelease';
const FLAGS = `processor\t: 0\nflags\t\t: fpu vme ${'x '.repeat(2_000)}hypervisor lahf_lm\n`;

describe('what a machine runs in and on', () => {
  it.each<[string, Readonly<Record<string, string>>, Partial<Layer>]>([
    ['nothing that tells', {}, {}],
    ['a Raspberry Pi', { 'proc/device-tree/model': 'Raspberry Pi 4 Model B\0' }, { model: 'Raspberry Pi 4 Model B' }],
    ['a board with firmware', dmi('PC Engines', 'apu2'), { model: 'PC Engines apu2' }],
    ['Docker', { '.dockerenv': '' }, { container: 'docker' }],
    ['Docker, by its group', { 'proc/1/cgroup': '0::/docker/0123\n' }, { container: 'docker' }],
    ['Podman', { 'run/.containerenv': '' }, { container: 'podman' }],
    ['Podman, by its group', { 'proc/1/cgroup': '0::/machine.slice/libpod-01.scope\n' }, { container: 'podman' }],
    ['LXC, as systemd says', { 'run/systemd/container': 'lxc\n' }, { container: 'lxc' }],
    ['LXC, by its group', { 'proc/1/cgroup': '1:name=systemd:/lxc/web\n' }, { container: 'lxc' }],
    ['LXD', { 'dev/lxd/sock': '' }, { container: 'lxc' }],
    [
      'LXC, by what is mounted for it',
      { 'proc/self/mountinfo': '9 8 0:5 /proc/meminfo /proc/meminfo rw - fuse.lxcfs lxcfs rw\n' },
      { container: 'lxc' },
    ],
    ['a host of LXC', { 'proc/self/mountinfo': '9 8 0:5 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw\n' }, {}],
    ['nspawn', { 'run/systemd/container': 'systemd-nspawn' }, { container: 'nspawn' }],
    ['a container that nobody knows', { 'run/systemd/container': '<b>new</b>' }, { container: 'other' }],
    ['OpenVZ', { 'proc/vz/veinfo': '' }, { container: 'openvz' }],
    ['a host of OpenVZ', { 'proc/vz/version': '', 'proc/bc/0': '' }, { hosts: ['openvz'] }],
    [
      'LXC on a Proxmox VE',
      { 'run/systemd/container': 'lxc', [KERNEL]: '6.8.12-4-pve\n', ...dmi('Dell Inc.', 'R730') },
      { container: 'lxc', proxmox: true, model: 'Dell Inc. R730' },
    ],
    [
      'a Proxmox VE',
      { 'usr/bin/pveversion': '', 'dev/kvm': '', 'usr/bin/lxc-start': '', [KERNEL]: '6.8.12-4-pve' },
      { proxmox: true, hosts: ['proxmox-ve', 'kvm', 'lxc'] },
    ],
    [
      'KVM, by its clock',
      { ...dmi('QEMU', 'Standard PC (Q35 + ICH9, 2009)'), [CLOCKS]: 'kvm-clock tsc' },
      { machine: 'kvm' },
    ],
    ['KVM on ARM', { 'proc/device-tree/hypervisor/compatible': 'linux,kvm\0' }, { machine: 'kvm' }],
    ['QEMU alone', dmi('QEMU', 'Standard PC (i440FX + PIIX, 1996)'), { machine: 'qemu' }],
    [
      'KVM of a Proxmox VE',
      dmi('QEMU', 'KVM Virtual Machine', { 'sys/class/dmi/id/bios_vendor': 'Proxmox distribution of EDK II' }),
      { machine: 'kvm', proxmox: true },
    ],
    ['OpenStack', dmi('OpenStack Foundation', 'OpenStack Nova'), { machine: 'openstack-nova' }],
    [
      'OpenStack, by its case',
      dmi('QEMU', 'Standard PC', { 'sys/class/dmi/id/chassis_asset_tag': 'OpenStack Compute' }),
      { machine: 'openstack-nova' },
    ],
    ['VMware', dmi('VMware, Inc.', 'VMware Virtual Platform'), { machine: 'vmware' }],
    ['VirtualBox', dmi('innotek GmbH', 'VirtualBox'), { machine: 'virtualbox' }],
    ['Hyper-V', dmi('Microsoft Corporation', 'Virtual Machine'), { machine: 'hyper-v' }],
    ['a laptop of the same maker', dmi('Microsoft Corporation', 'Surface'), { model: 'Microsoft Corporation Surface' }],
    ['Xen', { 'sys/hypervisor/type': 'xen\n', 'proc/xen/capabilities': '' }, { machine: 'xen' }],
    [
      'the machine that controls Xen',
      { 'sys/hypervisor/type': 'xen', 'proc/xen/capabilities': 'control_d', 'proc/xen/privcmd': '' },
      { hosts: ['xen'] },
    ],
    ['a virtual machine that nobody knows', { 'proc/cpuinfo': FLAGS }, { machine: 'other' }],
    [
      'Docker in KVM',
      { '.dockerenv': '', [CLOCKS]: 'kvm-clock', 'proc/cpuinfo': FLAGS },
      { container: 'docker', machine: 'kvm' },
    ],
    [
      'everything to host with',
      {
        ...{ 'run/libvirt/libvirt-sock': '', 'var/lib/incus/unix.socket': '', 'var/lib/lxd/unix.socket': '' },
        ...{ 'run/docker.sock': '', 'usr/bin/podman': '' },
      },
      { hosts: ['libvirt', 'incus', 'lxd', 'docker', 'podman'] },
    ],
  ])('is told of %s', async (_, files, expected) => {
    expect(await layerOf(files)).toEqual({ ...BARE, ...expected });
  });

  it('is capped, and cleaned of what could disguise it', async () => {
    const { model } = await layerOf({ 'proc/device-tree/model': `\u202e\u0007${'x'.repeat(100_000)}` });
    expect(model).toMatch(/^x{98,100}$/);
  });

  it('is what systemd-detect-virt says of this machine', async () => {
    const detected = (kind: '--container' | '--vm') => {
      try {
        return execFileSync('systemd-detect-virt', [kind], { encoding: 'utf8' }).trim();
      } catch (error) {
        return (error as { readonly stdout: string }).stdout.trim();
      }
    };
    const names: Readonly<Record<string, string>> = { 'systemd-nspawn': 'nspawn', 'lxc-libvirt': 'lxc', none: '' };
    const named = (found: string) => names[found] ?? found;
    const { container, machine, hosts } = await readLayer();
    expect(container ?? '').toBe(named(detected('--container')));
    // Which hypervisor it is only a processor's instruction tells where no file does.
    expect(machine === null).toBe(detected('--vm') === 'none');
    expect(hosts.includes('kvm')).toBe(existsSync('/dev/kvm'));
  });
});

describe('the words for it', () => {
  const english = loadLocales()('en');
  it.each<[Partial<Layer>, string]>([
    [{}, 'bare metal, as far as can be told'],
    [{ container: 'docker', machine: 'kvm' }, 'a Docker container on a KVM virtual machine'],
    [{ container: 'lxc', proxmox: true }, 'a LXC container (Proxmox VE)'],
    [{ container: 'other', machine: 'other' }, 'a container on a virtual machine'],
  ])('%o', (layer, text) => {
    expect(machineModel({ ...BARE, ...layer }, english).runs).toBe(text);
  });

  it('name what it can host, or nothing', () => {
    expect(machineModel({ ...BARE, hosts: ['proxmox-ve', 'kvm', 'lxc'] }, english).hosts).toBe('Proxmox VE, KVM, LXC');
    expect(machineModel(BARE, english)).toMatchObject({ hosts: null, model: null });
  });
});
