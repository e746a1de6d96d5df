/** A full disk, a folder that became read-only, a file in use elsewhere: reported, survived, nothing lost. */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { answered, bundled, exit, freshPath, inChild, NOW, opened, run } from '../../store/made.js';

/** Runs the program with a small file system of its own mounted below the path; what it says, line by line. */
async function onSmallDisk(code: string): Promise<string[]> {
  const path = join(dirname(freshPath()), 'disk', 'panel.sqlite');
  mkdirSync(dirname(path));
  const mounted = 'mount -t tmpfs -o size=400k small "$0" && exec "$@"';
  const around = ['unshare', '--map-root-user', '--mount', 'sh', '-c', mounted, dirname(path)];
  const { child, lines } = run(await bundled(code), [path], around);
  const output: string[] = [];
  lines.on('line', (line) => output.push(line));
  await once(lines, 'close');
  expect(await exit(child)).toBe(0);
  return output;
}

const ATTEMPT = `(at) => ({
  provider: 'p' + (at % 5), type: 't', at, bytes: 300, reason: null, level: 4, samples: [], facts: { software: 'x'.repeat(90) },
})`;
const COUNT = `[...store.exportRows('t', null)].length`;

describe('a full disk', () => {
  it('fails the write, keeps earlier data, and accepts writes again once there is room', async () => {
    const output = await onSmallDisk(`
      import { rmSync, writeFileSync } from 'node:fs';
      const store = openStore(path, () => ${NOW});
      const ballast = path + '.ballast';
      writeFileSync(ballast, Buffer.alloc(100_000));
      let written = 0;
      try { for (;;) { store.attempts.add((${ATTEMPT})(${NOW} + written)); written++; } } catch (error) { say(error.code); }
      try { store.flush(); } catch {}
      say(String(${COUNT} - written) + ' ' + (written > 10));
      rmSync(ballast);
      store.attempts.add((${ATTEMPT})(${NOW} + written));
      store.flush();
      store.close();
      const again = openStore(path, () => ${NOW});
      say(String(again.movedAside) + ' ' + ([...again.exportRows('t', null)].length === written + 1));`);
    expect(output).toEqual(['SQLITE_FULL', '0 true', 'null true']);
  });

  it('stops the start with what to do', async () => {
    const output = await onSmallDisk(`
      import { writeFileSync } from 'node:fs';
      try { writeFileSync(path + '.ballast', Buffer.alloc(1_000_000)); } catch {}
      try { openStore(path); } catch (error) { say(error.code); say(error.hint); }`);
    expect(output).toEqual(['bad-config', expect.stringContaining('free space')]);
  });
});

describe('a folder that became read-only', () => {
  it('fails each write, can still be read, and stops the next start with what to do', async () => {
    const output = await onSmallDisk(`
      import { execFileSync } from 'node:child_process';
      import { dirname } from 'node:path';
      const store = openStore(path, () => ${NOW});
      store.attempts.add((${ATTEMPT})(${NOW}));
      store.close();
      execFileSync('mount', ['-o', 'remount,ro', dirname(path)]);
      try { openStore(path); } catch (error) { say(error.code); say(error.hint); }
      execFileSync('mount', ['-o', 'remount,rw', dirname(path)]);
      const again = openStore(path, () => ${NOW});
      say(String(again.movedAside) + ' ' + [...again.exportRows('t', null)].length);`);
    expect(output).toEqual(['bad-config', expect.stringContaining('may write to'), 'null 1']);
  });
});

describe('a folder that takes no files', () => {
  it('stops the start with what to do', async () => {
    const code = `try { openStore(path); } catch (error) { say(error.code); say(error.message); say(error.hint); }`;
    const { lines } = await inChild('/proc/x/y/panel.sqlite', code);
    const output: string[] = [];
    lines.on('line', (line) => output.push(line));
    await once(lines, 'close');
    expect(output).toEqual([
      'bad-config',
      expect.stringContaining('/proc/x/y/panel.sqlite cannot be opened: ENOENT'),
      expect.stringContaining('Set DATA_DIR to a folder'),
    ]);
  });
});

describe('a file in use by another process', () => {
  it('is awaited', async () => {
    const path = freshPath();
    const store = opened(path);
    const { child, lines } = await inChild(
      path,
      `import Database from 'better-sqlite3';
       const db = new Database(path);
       db.exec('BEGIN IMMEDIATE');
       say('held');
       setTimeout(() => { db.exec('COMMIT'); db.close(); }, 300);`,
    );
    await once(lines, 'line');
    store.attempts.add(answered(NOW));
    expect(store.attempts.of('t', 'p1')).toEqual([answered(NOW)]);
    expect(await exit(child)).toBe(0);
  });

  it('for too long fails the write, can be read meanwhile, and accepts writes afterwards', () => {
    const path = freshPath();
    const store = opened(path);
    store.attempts.add(answered(NOW));
    const holder = new Database(path);
    holder.exec('BEGIN IMMEDIATE');
    expect(() => store.attempts.add(answered(NOW + 1))).toThrow(/locked/);
    expect(store.attempts.of('t', 'p1')).toHaveLength(1);
    holder.exec('COMMIT');
    holder.close();
    store.attempts.add(answered(NOW + 2));
    expect(store.attempts.of('t', 'p1').map(({ at }) => at)).toEqual([NOW + 2, NOW]);
  });
});
