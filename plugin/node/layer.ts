/**
 * What this machine runs in and on, and what it may host: read without any right from files that everybody may read, as
 * systemd-detect-virt does with more of them. What leaves no such trace is taken for bare metal.
 */
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanText } from '../lib/text.js';

export const CONTAINERS = ['docker', 'podman', 'lxc', 'openvz', 'nspawn', 'wsl', 'other'] as const;
export const MACHINES = ['kvm', 'qemu', 'openstack-nova', 'vmware', 'virtualbox', 'hyper-v', 'xen', 'other'] as const;
export const HOSTS = [
  'proxmox-ve',
  'kvm',
  'libvirt',
  'lxc',
  'incus',
  'lxd',
  'docker',
  'podman',
  'openvz',
  'xen',
] as const;
type Container = (typeof CONTAINERS)[number];
type Machine = (typeof MACHINES)[number];
type Host = (typeof HOSTS)[number];

export interface Layer {
  /** The container around this program; null for none. */
  readonly container: Container | null;
  /** The virtual machine around that; null for none, as far as can be told. */
  readonly machine: Machine | null;
  /** Whether either is of a Proxmox VE, or this is one. */
  readonly proxmox: boolean;
  /** Maker and model of the board; null where it is virtual or unknown. */
  readonly model: string | null;
  /** What can be started on it. Whether this program may do so is another matter. */
  readonly hosts: readonly Host[];
}

/** Most that is read of a file, bytes: the flags of the first processor lie within. */
const READ_CAP = 16_384;

/** The start of a file of the tree, trimmed; empty where it is missing or not ours to read. */
async function read(root: string, path: string): Promise<string> {
  const file = await open(join(root, path), 'r').catch(() => null);
  if (file === null) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(READ_CAP), 0, READ_CAP, 0);
    return buffer.toString('utf8', 0, bytesRead).replaceAll('\0', ' ').trim();
  } catch {
    return '';
  } finally {
    await file.close();
  }
}

const exists = (root: string, path: string) =>
  stat(join(root, path)).then(
    () => true,
    () => false,
  );

/** @param root of the tree of files; of this machine when left out */
export async function readLayer(root = '/'): Promise<Layer> {
  const [container, dmi, kernel, board] = await Promise.all([
    readContainer(root),
    readDmi(root),
    read(root, 'proc/sys/kernel/osrelease'),
    read(root, 'proc/device-tree/model'),
  ]);
  const [machine, hosts] = await Promise.all([readMachine(root, dmi), readHosts(root)]);
  const made = board || [dmi.vendor, dmi.product].filter(Boolean).join(' ');
  return {
    container,
    machine,
    // A container has the kernel of its host.
    proxmox: kernel.endsWith('-pve') || dmi.bios.includes('Proxmox') || hosts.includes('proxmox-ve'),
    model: (machine === null && cleanText(made, 100)) || null,
    hosts,
  };
}

/** What systemd writes there, by its own names. */
const TOLD: ReadonlyMap<string, Container> = new Map([
  ['docker', 'docker'],
  ['podman', 'podman'],
  ['lxc', 'lxc'],
  ['lxc-libvirt', 'lxc'],
  ['openvz', 'openvz'],
  ['systemd-nspawn', 'nspawn'],
  ['wsl', 'wsl'],
]);
const TRACES: readonly (readonly [path: string, container: Container])[] = [
  ['run/.containerenv', 'podman'],
  ['.dockerenv', 'docker'],
  ['dev/lxd/sock', 'lxc'],
  ['dev/incus/sock', 'lxc'],
];
const GROUPS: readonly (readonly [name: RegExp, container: Container])[] = [
  [/\blibpod\b/, 'podman'],
  [/\bdocker\b/, 'docker'],
  [/\/lxc[./]/, 'lxc'],
  [/\bkubepods\b|\bcontainerd\b/, 'other'],
];

async function readContainer(root: string): Promise<Container | null> {
  const told = await read(root, 'run/systemd/container');
  if (told !== '') return TOLD.get(told) ?? 'other';
  for (const [path, container] of TRACES) if (await exists(root, path)) return container;
  // Of OpenVZ both the host and its containers have the one, and only the host has the other.
  if ((await exists(root, 'proc/vz')) && !(await exists(root, 'proc/bc'))) return 'openvz';
  const groups = await read(root, 'proc/1/cgroup');
  const known = GROUPS.find(([name]) => name.test(groups));
  if (known) return known[1];
  // LXC shows a container its own share of memory and processors by files mounted over those of the kernel.
  return / \/proc\/\w+ .*fuse\.lxcfs/.test(await read(root, 'proc/self/mountinfo')) ? 'lxc' : null;
}

interface Dmi {
  readonly vendor: string;
  readonly product: string;
  readonly bios: string;
  readonly tag: string;
}

async function readDmi(root: string): Promise<Dmi> {
  const field = (name: string) => read(root, `sys/class/dmi/id/${name}`);
  const [vendor, product, bios, tag] = await Promise.all(
    ['sys_vendor', 'product_name', 'bios_vendor', 'chassis_asset_tag'].map(field),
  );
  return { vendor: vendor ?? '', product: product ?? '', bios: bios ?? '', tag: tag ?? '' };
}

/** By what the firmware says of vendor and product, and by the tag of the case. */
const BOARDS: readonly (readonly [board: RegExp, machine: Machine])[] = [
  [/openstack/i, 'openstack-nova'],
  [/vmware/i, 'vmware'],
  [/virtualbox|innotek/i, 'virtualbox'],
  [/microsoft corporation virtual machine/i, 'hyper-v'],
  [/\bxen\b/i, 'xen'],
  [/\bkvm\b|amazon ec2|google compute engine/i, 'kvm'],
];

async function readMachine(root: string, { vendor, product, tag }: Dmi): Promise<Machine | null> {
  const board = `${vendor} ${product} ${tag}`;
  const known = BOARDS.find(([name]) => name.test(board));
  if (known) return known[1];
  const [hypervisor, xen, compatible, clocks, processor] = await Promise.all([
    read(root, 'sys/hypervisor/type'),
    read(root, 'proc/xen/capabilities'),
    read(root, 'proc/device-tree/hypervisor/compatible'),
    read(root, 'sys/devices/system/clocksource/clocksource0/available_clocksource'),
    read(root, 'proc/cpuinfo'),
  ]);
  // The machine that hosts the others has control.
  if (hypervisor === 'xen') return xen.includes('control_d') ? null : 'xen';
  if (compatible.includes('linux,kvm') || clocks.includes('kvm-clock')) return 'kvm';
  if (clocks.includes('hyperv_clocksource')) return 'hyper-v';
  if (/qemu/i.test(board)) return 'qemu';
  return /^flags\s*:.*\bhypervisor\b/m.test(processor) ? 'other' : null;
}

/** By a file that is there only where it is installed, and as a rule running. */
const SIGNS: Readonly<Record<Host, readonly string[]>> = {
  'proxmox-ve': ['usr/bin/pveversion'],
  kvm: ['dev/kvm'],
  libvirt: ['run/libvirt/libvirt-sock'],
  lxc: ['usr/bin/lxc-start'],
  incus: ['run/incus/unix.socket', 'var/lib/incus/unix.socket'],
  lxd: ['var/snap/lxd/common/lxd/unix.socket', 'var/lib/lxd/unix.socket'],
  docker: ['run/docker.sock', 'var/run/docker.sock'],
  podman: ['usr/bin/podman'],
  openvz: ['proc/bc'],
  xen: ['proc/xen/privcmd'],
};

async function readHosts(root: string): Promise<Host[]> {
  const all = HOSTS.map(async (host) => {
    const signs = await Promise.all(SIGNS[host].map((path) => exists(root, path)));
    return signs.includes(true) ? [host] : [];
  });
  return (await Promise.all(all)).flat();
}
