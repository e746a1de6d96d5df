/** The address of a grid as the panel shows it, given to a real foolscap client: it reaches the introducer. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import tahoe from '../../plugin/services/tahoe-lafs.js';
import { ownAddress } from '../probe/servers.js';
import { provider } from '../services/providers.js';
import { startFoolscap } from './programs.js';

const CLIENT = join(import.meta.dirname, '..', 'fixtures', 'foolscap-client.py');
const run = promisify(execFile);

let introducer: Awaited<ReturnType<typeof startFoolscap>>;
beforeAll(async () => {
  introducer = await startFoolscap({ address: ownAddress() });
});
afterAll(() => introducer.stop());

/** The furl that the panel gives to copy for that announcement. */
function shownFurl(txt: string, value: string): string {
  const { address, port } = introducer;
  const steps = tahoe.use(provider({ type: tahoe.id, address, port, txt: new Map([[txt, value]]) }));
  return steps.flatMap((step) => (step.kind === 'copy' && step.text.startsWith('pb://') ? [step.text] : []))[0] ?? '';
}

/** What comes of it; Debian's own python3 has the library. */
const reach = async (furl: string) => (await run('/usr/bin/python3', [CLIENT, furl])).stdout.trim();
const parts = (furl: string) => /^pb:\/\/([a-z2-7]{32})@[^/]+\/([a-z2-7]+)$/.exec(furl)?.slice(1) ?? [];

describe('the furl that is shown', () => {
  it('reaches an introducer that publishes its whole furl, secret name included', async () => {
    const [tub, name] = parts(introducer.secretFurl);
    expect(name).toHaveLength(32);
    const shown = shownFurl('furl', introducer.secretFurl);
    expect(parts(shown)).toEqual([tub, name]);
    expect(await reach(shown)).toBe('reached stand-in');
  });

  it('reaches one that publishes its tub alone, where its name is that of old grids', async () => {
    const [tub = ''] = parts(introducer.furl);
    expect(await reach(shownFurl('', tub))).toBe('reached stand-in');
    expect(await reach(shownFurl('node_id', tub))).toBe('reached stand-in');
  });

  it('reaches nobody under another name, or another key', async () => {
    const shown = shownFurl('furl', introducer.secretFurl);
    const [tub = '', name = ''] = parts(shown);
    expect(await reach(shown.replace(name, `${name.slice(1)}a`))).toMatch(/^failed/);
    expect(await reach(shown.replace(tub, `${tub.slice(1)}a`))).toMatch(/^failed/);
  });
});
