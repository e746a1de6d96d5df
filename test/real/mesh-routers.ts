/** Debian's routing daemons in namespaces, each reachable through a socket in a folder, from whatever namespace. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Route, RoutingDaemon } from '../../plugin/routing/contract.js';
import { until } from './agents.js';
import type { Network, Program } from './namespaces.js';

/** Neighbours are found within a few of their greetings, one a second: many times that where much else runs, ms. */
export const CONVERGE_LIMIT_MS = 90_000;

/** Open to the daemons' own users. */
export function socketFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'routers-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** Namespaces that pass on what is not for them, each with one address of its own: 10.99.0.1, 10.99.0.2, … */
export function addRouters(net: Network, names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    net.add(name);
    net.exec(name, 'ip', 'addr', 'add', `10.99.0.${index + 1}/32`, 'dev', 'lo');
    net.exec(name, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
  }
}

/** @param links its devices, each with its cost towards this node. @returns it, and its socket */
export function startBabeld(
  net: Network,
  name: string,
  folder: string,
  links: Readonly<Record<string, number>>,
): { readonly program: Program; readonly socket: string } {
  const socket = join(folder, `babel-${name}`);
  const costs = Object.entries(links).flatMap(([link, cost]) => [
    '-C',
    `interface ${link} rxcost ${cost} hello-interval 1 update-interval 4`,
  ]);
  const own = ['redistribute local ip 10.98.0.0/15', 'redistribute local deny', `local-path ${socket}`];
  const statements = own.flatMap((statement) => ['-C', statement]);
  const files = ['-I', join(folder, `${name}.pid`), '-S', join(folder, `${name}.state`)];
  return { program: net.run(name, 'babeld', ...files, ...statements, ...costs, ...Object.keys(links)), socket };
}

/** @param protocols beside those of the kernel. @returns its socket */
export function startBird(net: Network, name: string, folder: string, protocols: string): string {
  const [config, socket] = [join(folder, `${name}.conf`), join(folder, `bird-${name}`)];
  const kernel = 'protocol device {}\nprotocol kernel { ipv4 { export all; }; }\n';
  writeFileSync(config, `${kernel}${protocols}`);
  net.run(name, 'bird', '-f', '-c', config, '-s', socket, '-P', join(folder, `${name}.pid`));
  return socket;
}

/** zebra and ospfd. @param user numbers of Debian's user and group `frr`. @returns zebra's socket */
export function startFrr(
  net: Network,
  name: string,
  folder: string,
  ospf: string,
  user: readonly [number, number],
): string {
  const own = join(folder, `frr-${name}`);
  mkdirSync(own);
  for (const [program, config] of [
    ['zebra', ''],
    ['ospfd', ospf],
  ] as const) {
    const file = join(own, `${program}.conf`);
    writeFileSync(file, `hostname ${name}\n${config}`);
    chownSync(file, ...user);
    chownSync(own, ...user);
    const sockets = ['-z', join(own, 'api'), '--vty_socket', own, '-i', join(own, `${program}.pid`)];
    net.run(name, `/usr/lib/frr/${program}`, '-f', file, ...sockets, '-u', 'frr', '-g', 'frr', '-P', '0');
  }
  return join(own, 'zebra.vty');
}

export const remove = (folder: string) => rmSync(folder, { recursive: true, force: true });

/** The ways as the panel's reader has them, once one leads to the range. */
export async function readUntil(
  daemon: RoutingDaemon,
  path: string,
  fits: (route: Route) => boolean,
): Promise<readonly Route[]> {
  let routes: readonly Route[] = [];
  const read = async () => {
    const answer = await daemon.ask({ path }, AbortSignal.timeout(CONVERGE_LIMIT_MS)).catch(() => null);
    routes = answer === null ? [] : [...daemon.routes(answer)];
    return routes.some(fits);
  };
  await until(`${daemon.id} knows the way`, read, CONVERGE_LIMIT_MS).catch((error: Error) => {
    throw new Error(`${error.message}; it knows ${JSON.stringify(routes)}`);
  });
  return routes;
}
