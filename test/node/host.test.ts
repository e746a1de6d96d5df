/** The host name that Cloudy's own announcer uses, read from its shell files as text. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { announcedHost } from '../../plugin/node/announce/host.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'host-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string) => join(folder, name);
const write = (name: string, text: string) => writeFileSync(file(name), text);
const host = (node = 'vm') => {
  const files = ['cloudy.conf', 'avahi-ps.conf', 'avahi-ps-serf.conf'].map(file);
  return announcedHost({ settings: files, signs: files }, node);
};

describe('the announced host name', () => {
  it('is the plain one where there is no Cloudy', () => {
    expect(host()).toBe('vm');
  });

  it('is NODE.guifi.local where there is a Cloudy', () => {
    write('avahi-ps-serf.conf', 'SERF_RPC_ADDR="127.0.0.1:7373"\n');
    expect(host()).toBe('vm.guifi.local');
  });

  it.each([
    ['CLOUD_NAME="sants"', 'vm.sants.local'],
    ["  CLOUD_NAME='sants' # ours", 'vm.sants.local'],
    ['export CLOUD_NAME=sants; X=1', 'vm.sants.local'],
    ['CLOUD_NAME=sants\r', 'vm.sants.local'],
    ['NODENAME=node7\nCLOUD_NAME=a.b', 'node7.a.b.local'],
    ['CLOUD_NAME=one\nCLOUD_NAME=two', 'vm.two.local'],
    ['#CLOUD_NAME=other', 'vm.guifi.local'],
    ['CLOUD_NAME=', 'vm.guifi.local'],
    ['CLOUD_NAME="two words"', 'vm.guifi.local'],
    ['MY_CLOUD_NAME=other', 'vm.guifi.local'],
  ])('has the domain that the file sets: %j', (text, name) => {
    write('avahi-ps.conf', text);
    expect(host()).toBe(name);
  });

  it('uses the last file that sets a value', () => {
    write('cloudy.conf', 'CLOUD_NAME=first\nNODENAME=node7');
    write('avahi-ps.conf', 'CLOUD_NAME=second');
    expect(host()).toBe('node7.second.local');
  });

  it.each(['CLOUD_NAME=$(touch FILE)', 'CLOUD_NAME=`touch FILE`', 'CLOUD_NAME="$(touch FILE)"', 'touch FILE'])(
    'runs nothing of the file: %s',
    (text) => {
      write('avahi-ps.conf', text.replace('FILE', file('ran')));
      expect(host()).toBe('vm.guifi.local');
      expect(existsSync(file('ran'))).toBe(false);
    },
  );

  it('is the plain one where the result is not a DNS name', () => {
    write('avahi-ps.conf', '');
    expect([host('-a'), host('x'.repeat(64))]).toEqual(['-a', 'x'.repeat(64)]);
    expect(host('has_underscore')).toBe('has_underscore.guifi.local');
  });
});
