/** Other versions of Node than this one: the built panel starts on each, measures the demo community and answers. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Daemon, Owner } from '../daemon.js';
import { nodeFlags } from '../node-flags.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');
const MAJORS = ['22', '24', '26'];
/** Building SQLite's addon takes most of it, on a slow machine that does it for the first time, ms. */
const MAKING_MS = 900_000;

interface Other {
  readonly node: string;
  readonly version: string;
  /** SQLite's, built for it. */
  readonly addon: string;
}

const others = new Map<string, Other>();
const other = (major: string) => others.get(major) as Other;

beforeAll(async () => {
  for (const major of MAJORS) {
    const folder = (await run(join(ROOT, '.ci', 'other-node'), [major])).stdout.trim();
    const node = join(folder, 'bin', 'node');
    const version = (await run(node, ['--version'])).stdout.trim();
    others.set(major, { node, version, addon: join(folder, 'better_sqlite3.node') });
  }
}, MAKING_MS);

/** Until the test ends: the built program, with the addon for that Node beside it, as in the Debian package. */
function installed(addon: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nodes-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(addon, join(folder, 'dist', 'better_sqlite3.node'));
  for (const name of ['package.json', 'node_modules', 'views', 'public'])
    symlinkSync(join(ROOT, name), join(folder, name));
  return folder;
}

interface Rows {
  readonly providers: readonly {
    readonly level: number;
    readonly score: number | null;
    readonly reason: string | null;
  }[];
}

describe.each(MAJORS)('Node %s', (major) => {
  it('runs the panel, which measures the demo community, answers, and ends', async () => {
    const { node, version, addon } = other(major);
    expect(version).toMatch(new RegExp(`^v${major}\\.`));
    const folder = installed(addon);
    const program = join(folder, 'dist', 'cli.mjs');
    const daemon = await Daemon.start({ folder, config: { DEMO: 'new' }, other: { node, version, program } });
    onTestFinished(() => daemon.kill());
    const owner = await Owner.bySocket(daemon);
    for (const type of ['dnsservice', 'syncthing', 'proxy3']) {
      const job = await owner.ended(await owner.scan(`services/${type}`));
      expect(job, type).toMatchObject({ state: 'done', error: null });
      const { providers } = await owner.get<Rows>(`api/v1/services/${type}`);
      const found = providers.map(({ level, reason }) => `${level} ${reason ?? 'works'}`);
      expect(
        providers.filter(({ level, reason }) => reason === null && level >= 3).length,
        `${type}: ${found.join(', ')}; ${daemon.log.slice(-3).join(' ')}`,
      ).toBeGreaterThan(0);
      expect(providers[0]?.score, type).toBeGreaterThan(0);
      const page = await fetch(`${daemon.url}services/${type}`);
      expect(page.status).toBe(200);
      expect(await page.text()).toMatch(/<\/html>\s*$/);
    }
    await daemon.close();
    expect(daemon.exitCode).toBe(0);
    expect(daemon.log.filter((line) => /warning|deprecat|error/i.test(line))).toEqual([]);
  });
});

it('no version takes a flag that it does not know', async () => {
  const wrong = run(other('22').node, [...nodeFlags('v20.19.0'), '--version']);
  await expect(wrong).rejects.toThrow('bad option');
});
