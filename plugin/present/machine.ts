/** What this machine runs in and on, in words. */
import type { Layer } from '../node/layer.js';
import type { Words } from './i18n.js';

/** As their makers write them. */
const WRITTEN = 'Docker Podman LXC OpenVZ WSL KVM QEMU VMware VirtualBox Hyper-V Xen libvirt Incus LXD'.split(' ');
/** By what the layer calls them; what is not here has no name. */
const NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(WRITTEN.map((name) => [name.toLowerCase(), name])),
  ...{ nspawn: 'systemd-nspawn', 'openstack-nova': 'OpenStack', 'proxmox-ve': 'Proxmox VE' },
};

/** The layer for a page: each line a text, null where there is nothing to say. */
export function machineModel({ container, machine, proxmox, model, hosts }: Layer, { t }: Words) {
  const text = (id: string, named: string, unnamed: string) =>
    Object.hasOwn(NAMES, id) ? t(named, { name: NAMES[id] ?? '' }) : t(unnamed);
  const layers = [
    ...(container === null ? [] : [text(container, 'machine.container', 'machine.a-container')]),
    ...(machine === null ? [] : [text(machine, 'machine.virtual', 'machine.a-virtual')]),
  ];
  const where = layers.length === 0 ? t('machine.bare') : layers.join(t('machine.on'));
  return {
    runs: proxmox ? `${where} (Proxmox VE)` : where,
    model,
    hosts: hosts.map((host) => NAMES[host] ?? host).join(', ') || null,
  };
}
