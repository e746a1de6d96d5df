/** A full disk under the whole panel: said in its own words by pages, forms and API, while scans go on in memory. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { registerWeb } from '../../plugin/web/index.js';
import { PASSWORD, Visitor } from '../web/app.js';

const WORD = 'dnsservice';
const LIST = `/services/${WORD}`;

let folder: string;
let panel: Panel;
let app: FastifyInstance;
let now = Date.now();

const umount = () => execFileSync('umount', ['--lazy', folder]);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'small', folder]);
  process.once('exit', umount);
  const config = { ...loadConfig({ env: {}, file: '' }), dataDir: folder, language: 'en' as const };
  panel = await createPanel(config, { demo: true });
  await setOwnerPassword(panel.store.settings, PASSWORD);
  app = Fastify();
  await app.register((scope) => registerWeb(scope, panel, { now: () => now }));
});

afterAll(async () => {
  await app?.close();
  await panel?.close();
  process.off('exit', umount);
  umount();
  rmSync(folder, { recursive: true });
});

/** Takes all the room, down to the last page of the database. */
function fill(): void {
  const taking = (write: (nth: number) => void) => {
    try {
      for (let nth = 0; ; nth++) write(nth);
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^(ENOSPC|SQLITE_FULL|disk-full)$/) });
    }
  };
  taking((nth) => writeFileSync(join(folder, `ballast${nth}`), Buffer.alloc(16_384)));
  taking((nth) => panel.store.settings.keep('filling', `${nth}`));
}

const makeRoom = () => execFileSync('sh', ['-c', 'rm "$1"/ballast*', 'sh', folder]);

it('is said by page, form and API in plain words, stops neither page nor scan, and is over once there is room', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  const visitor = await new Visitor({ app }, { host: 'localhost' }).login();
  const [provider] = panel.discovery.providers(WORD);
  const opinion = `${LIST}/providers/${provider?.id}/opinion`;
  fill();

  const form = await visitor.post(opinion, { note: 'good' });
  expect(form.statusCode).toBe(507);
  expect(form.body).toContain('The disk is full: nothing more can be saved.');
  expect(form.body).toContain('Free some space on the disk');
  const catalan = await visitor.post(opinion, { note: 'good' }, { 'accept-language': 'ca' });
  expect(catalan.body).toContain('El disc és ple');
  const api = await visitor.postJson(`/api/v1${opinion}`, { note: 'good' });
  expect(api.statusCode).toBe(507);
  expect(api.json()).toMatchObject({ error: { code: 'disk-full', hint: expect.stringContaining('DATA_DIR') } });

  const { id } = panel.scan(WORD, provider?.id);
  expect(await panel.jobs.ended(id)).toMatchObject({ state: 'done' });
  expect(panel.store.attempts.of(WORD, provider?.id as string).length).toBeGreaterThan(0);
  expect((await visitor.get(`/jobs/${id}`)).body).toContain('Nothing is being saved');
  now += 10 * 60_000;
  for (const page of ['/', LIST, `${LIST}/providers/${provider?.id}`, '/events', '/api/v1/services'])
    expect((await visitor.get(page)).statusCode).toBe(200);
  expect((await visitor.get(LIST)).body).toContain('/logout');
  expect((await visitor.get(LIST)).body).toContain('Nothing is being saved');

  makeRoom();
  expect((await visitor.post(opinion, { note: 'good' })).statusCode).toBe(303);
  expect((await visitor.get(LIST)).body).not.toContain('Nothing is being saved');
  const next = panel.scan(WORD, provider?.id);
  expect(await panel.jobs.ended(next.id)).toMatchObject({ state: 'done' });
  for (const [one, state] of [
    [id, 'done'],
    [next.id, 'done'],
  ] as const)
    expect(panel.store.jobs.get(one)).toMatchObject({ state });
  log.mockRestore();
});
