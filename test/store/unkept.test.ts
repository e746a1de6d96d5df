/** A disk that takes no writes, at the start or later: read on, go on in memory, and keep it all once it can be kept. */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { bundled, exit, freshPath, NOW, run } from './made.js';

const HELPERS = `
  import { execFileSync } from 'node:child_process';
  import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
  import { dirname } from 'node:path';
  const disk = dirname(path);
  const mount = (how) => execFileSync('mount', ['-o', 'remount,' + how, disk]);
  const fill = () => {
    for (let size = 65_536; size >= 1; size = Math.floor(size / 4))
      try { for (let nth = 0; ; nth++) writeFileSync(disk + '/ballast' + size + '-' + nth, Buffer.alloc(size)); } catch {}
  };
  const makeRoom = () => { for (const name of readdirSync(disk)) if (name.startsWith('ballast')) rmSync(disk + '/' + name); };
  const later = (ms) => { const real = performance.now.bind(performance); performance.now = () => real() + ms; };
  const attempt = (nth) => ({
    provider: 'p' + (nth % 5), type: 't', at: ${NOW} + nth, bytes: 300, reason: null, level: 4, samples: [], facts: { software: 'x'.repeat(90) },
  });
  const open = (unkept = 'allow') => openStore(path, () => ${NOW}, undefined, { unkept });
  const fresh = () => { const store = open(); for (let nth = 0; nth < 20; nth++) store.attempts.add(attempt(nth)); store.settings.set('a', '1'); return store; };
  const count = (store) => [...store.exportRows('t', null)].length;
  const why = (store) => store.unkept?.code ?? 'kept';
  const fails = (work) => { try { work(); return 'done'; } catch (error) { return error.code; } };
  console.error = () => {};
`;

/** Runs it with a small disk of its own mounted at the folder of `path`; what it says, line by line. */
async function onSmallDisk(code: string): Promise<string[]> {
  const path = join(dirname(freshPath()), 'disk', 'panel.sqlite');
  mkdirSync(dirname(path));
  const mounted = 'mount -t tmpfs -o size=600k small "$0" && exec "$@"';
  const around = ['unshare', '--map-root-user', '--mount', 'sh', '-c', mounted, dirname(path)];
  const { child, lines } = run(await bundled(HELPERS + code), [path], around);
  const output: string[] = [];
  lines.on('line', (line) => output.push(line));
  await once(lines, 'close');
  expect(await exit(child)).toBe(0);
  return output;
}

const UNWRITABLE = [
  ['read-only', "mount('ro')", "mount('rw')", 'disk-unwritable'],
  ['full', 'fill()', 'makeRoom()', 'disk-full'],
] as const;

it.each(UNWRITABLE)(
  'a start on a %s disk shows what is there, and keeps what comes once it can',
  async (_, spoil, mend, code) => {
    const output = await onSmallDisk(`
    fresh().close();
    ${spoil};
    const store = open();
    say(why(store) + ' ' + count(store));
    store.attempts.add(attempt(20));
    store.sessions.put('owner', { since: 1, used: 2 });
    store.settings.set('a', null);
    store.history.note('t', 'p0', 50);
    store.flush();
    say(count(store) + ' ' + store.sessions.get('owner').used + ' ' + store.settings.get('a'));
    say(fails(() => store.opinions.rate('t', 'p0', 5)) + ' ' + store.opinions.get('t', 'p0').stars.length);
    say(fails(() => store.settings.keep('password', 'x')) + ' ' + store.settings.get('password'));
    ${mend};
    later(60_000);
    store.attempts.add(attempt(21));
    say(why(store));
    store.opinions.rate('t', 'p0', 5);
    const other = open('refuse');
    say(count(other) + ' ' + other.settings.get('a') + ' ' + other.opinions.get('t', 'p0').stars.length + ' ' + other.history.days('t', 'p0', 0).length);
    other.close(); store.close();
    say(readdirSync(disk).sort().join(' '));`);
    expect(output).toEqual([
      `${code} 20`,
      '21 2 null',
      `${code} 0`,
      `${code} null`,
      'kept',
      '22 null 1 1',
      'panel.sqlite',
    ]);
  },
);

it('a disk that becomes full while the panel runs loses nothing', async () => {
  const code = 'disk-full';
  const output = await onSmallDisk(`
    const store = fresh();
    fill();
    let written = 20;
    for (; why(store) === 'kept' && written < 5_000; written++) store.attempts.add(attempt(written));
    store.attempts.add(attempt(written++));
    store.history.noteAll('t', new Map([['p0', 1], ['p1', 2]]));
    store.flush();
    while (store.prune() > 0);
    say(why(store) + ' ' + (count(store) - written));
    say(fails(() => store.opinions.put('t', 'p0', { note: 'x' })));
    later(60_000);
    store.attempts.of('t', 'p0');
    say(why(store));
    makeRoom();
    store.attempts.of('t', 'p0');
    say(why(store));
    later(60_000);
    store.attempts.of('t', 'p0');
    say(why(store));
    store.close();
    const again = open('refuse');
    say(String(count(again) - written) + ' ' + again.history.days('t', 'p1', 0).length + ' ' + again.movedAside);`);
  expect(output).toEqual([`${code} 0`, code, code, code, 'kept', '0 1 null']);
});

it('a log that the last run left is read too', async () => {
  const output = await onSmallDisk(`
    fresh();
    const copy = disk + '/copy';
    mkdirSync(copy);
    execFileSync('mount', ['-t', 'tmpfs', 'none', copy]);
    for (const suffix of ['', '-wal']) execFileSync('cp', [path + suffix, copy + '/panel.sqlite' + suffix]);
    execFileSync('mount', ['-o', 'remount,ro', copy]);
    const store = openStore(copy + '/panel.sqlite', () => ${NOW}, undefined, { unkept: 'if-readable' });
    say(why(store) + ' ' + count(store));`);
  expect(output).toEqual(['disk-unwritable 20']);
});

it('a folder that cannot be made is no hindrance, and is used once it can be made', async () => {
  const output = await onSmallDisk(`
    const file = disk + '/below/deep/panel.sqlite';
    mount('ro');
    const store = openStore(file, () => ${NOW}, undefined, { unkept: 'allow' });
    store.attempts.add(attempt(0));
    say(why(store) + ' ' + count(store));
    say(fails(() => openStore(file, () => ${NOW}, undefined, { unkept: 'if-readable' })));
    say(fails(() => openStore('/proc/x/y.sqlite', () => ${NOW}, undefined, { unkept: 'allow' }).close()));
    mount('rw');
    store.close();
    say(count(openStore(file)) + ' ');`);
  expect(output).toEqual(['disk-unwritable 1', 'bad-config', 'done', '1 ']);
});

it('a damaged file on a read-only disk is left alone, and moved aside once it can be', async () => {
  const output = await onSmallDisk(`
    fresh().close();
    writeFileSync(path, 'not a database '.repeat(1_000));
    mount('ro');
    const store = open();
    store.attempts.add(attempt(0));
    say(why(store) + ' ' + count(store));
    mount('rw');
    later(60_000);
    store.attempts.add(attempt(1));
    say(why(store) + ' ' + count(store));
    store.close();
    say(readdirSync(disk).filter((name) => name.includes('damaged')).length + ' ' + store.movedAside.startsWith(path) + ' ' + count(open('refuse')));`);
  expect(output).toEqual(['disk-unwritable 1', 'kept 2', '1 true 2']);
});

it('what another program has kept meanwhile stays', async () => {
  const output = await onSmallDisk(`
    const store = fresh();
    fill();
    for (let nth = 20; why(store) === 'kept'; nth++) store.attempts.add(attempt(nth));
    makeRoom();
    const other = openStore(path);
    other.settings.keep('password', 'new');
    other.close();
    later(60_000);
    store.sessions.put('s', { since: 1, used: 1 });
    say(why(store) + ' ' + store.settings.get('password') + ' ' + store.settings.get('a') + ' ' + (store.sessions.get('s') !== null));`);
  expect(output).toEqual(['kept new 1 true']);
});
