/** What this node's tinc configuration says of a provider: only what is written there, nothing guessed, no private key. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { tincIntroduction } from '../../plugin/services/tincvpn/nets.js';

/** A folder with these files, as `/etc/tinc` would have them. */
function configured(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tinc-nets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}
const introduced = async (folder: string, address = '10.1.2.3', port = 655) =>
  Object.fromEntries(await tincIntroduction({ address, port }, folder));

const KEY = '-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEA\n-----END RSA PUBLIC KEY-----\n';
const OWN = `Address = 10.9.9.9\n${KEY}`;
const MESH = { 'mesh/tinc.conf': '# net\nName = panel_node\nDevice = /dev/net/tun\n', 'mesh/hosts/panel_node': OWN };
const ALONE = { net: 'mesh', name: 'panel_node', file: OWN };

it.each([
  ['Address = 10.1.2.3'],
  ['Address = 10.1.2.3 655'],
  ['address=10.1.2.3\nPORT = 655'],
  ['Address 10.1.2.3\n'],
  [`Port = 1\n# old: Address = 1.1.1.1\n  Address = 10.5.5.5\nAddress = 10.1.2.3  655\n${KEY}`],
])('a host file with %j is the provider at that place', async (text) => {
  const folder = configured({ ...MESH, 'mesh/hosts/cloudy_1': text, 'mesh/hosts/other': 'Address = 10.1.2.4' });
  expect(await introduced(folder)).toEqual({ ...ALONE, peer: 'cloudy_1' });
});

it.each([
  ['Address = 10.1.2.3 656'],
  ['Address = 10.1.2.3\nPort = 656'],
  ['# Address = 10.1.2.3'],
  ['Address = 10.1.2.33'],
  ['Address = node.example.org'],
  ['Address ='],
  ['AddressBook = 10.1.2.3'],
  [`x${'y'.repeat(20_000)}\nAddress = 10.1.2.3`],
])('a host file with %j is another', async (text) => {
  expect(await introduced(configured({ ...MESH, 'mesh/hosts/cloudy_1': text }))).toEqual(ALONE);
});

it('compares addresses by value, however they are written', async () => {
  const folder = configured({ ...MESH, 'mesh/hosts/cloudy_1': 'Address = FD00:0:0::0001 655' });
  expect(await introduced(folder, 'fd00::1')).toMatchObject({ peer: 'cloudy_1' });
});

it('picks the network that has the provider, and none when none has', async () => {
  const second = { 'away/tinc.conf': 'Name = panel2', 'away/hosts/cloudy_9': 'Address = 10.1.2.3' };
  const folder = configured({ ...MESH, ...second });
  expect(await introduced(folder)).toEqual({ net: 'away', name: 'panel2', peer: 'cloudy_9' });
  expect(await introduced(folder, '10.1.2.4')).toEqual({});
});

it('this node is not its own peer', async () => {
  expect(await introduced(configured(MESH), '10.9.9.9')).toEqual(ALONE);
});

it.each(['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n', 'PrivateKey = 0A1B', 'Ed25519PrivateKey = x'])(
  'an own host file with %j in it is not handed out',
  async (secret) => {
    const folder = configured({ ...MESH, 'mesh/hosts/panel_node': `${OWN}${secret}\n` });
    expect(await introduced(folder)).toEqual({ net: 'mesh', name: 'panel_node' });
  },
);

it('an invalid, indirect or missing name makes no network', async () => {
  for (const text of ['Name = $HOST', 'Name = a b', 'Name = ../x', '', 'Device = tun']) {
    expect(await introduced(configured({ ...MESH, 'mesh/tinc.conf': text })), text).toEqual({});
  }
});

it('finds nothing without tinc, or with something else in its place', async () => {
  expect(await introduced('/nowhere/tinc')).toEqual({});
  const strange = configured({ 'nets.boot': 'mesh', 'mesh/tinc.conf/x': '', 'mesh/hosts': '' });
  expect(await introduced(strange)).toEqual({});
  const folders = configured({ ...MESH, 'mesh/hosts/cloudy_1/x': '', 'mesh/hosts/bad-name': 'Address = 10.1.2.3' });
  expect(await introduced(folders)).toEqual(ALONE);
});
