/** The registry of sources: what is in the folder, and the contract that each file is held to. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SOURCES_DIR } from '../../plugin/config/paths.js';
import { loadSources } from '../../plugin/discovery/registry.js';
import { LANGUAGES } from '../../plugin/model/language.js';
import { loadLocales, sourceTexts } from '../../plugin/present/i18n.js';
import { createDiscovery } from './create.js';

/** A source of one neighbour, in a file of its own. */
const NEIGHBOURS = `
const announcement = {
  ...{ type: 'syncthing', node: 'anna', host: '', address: '10.0.0.7', port: 22000, description: '' },
  ...{ community: '', txt: new Map(), gossip: null },
};
const good = {
  id: 'neighbours',
  title: { ca: 'veïns', es: 'vecinos', en: 'neighbours', de: 'neighbours' },
  order: 15,
  trust: 'anyone',
  isSet: () => true,
  open: (config, { now }) => config.providersFile === null ? null : {
    status: () => ({ state: 'up', lastUp: now(), read: 1, skipped: {} }),
    sightings: () => [{ announcement, self: false, heardAt: null }],
    onChange: () => () => {},
    ready: async () => {},
    close: async () => {},
  },
};`;

/** The folder of the program's sources with one more file in it. */
function folderWith(file: string, text: string): string {
  const path = mkdtempSync(join(tmpdir(), 'sources-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const entry of readdirSync(SOURCES_DIR, { withFileTypes: true })) {
    const id = entry.name.replace(/\.ts$/, '');
    const source = join(SOURCES_DIR, entry.isDirectory() ? `${id}/index.ts` : entry.name);
    writeFileSync(join(path, `${id}.ts`), `export { default } from '${source}';\n`);
  }
  writeFileSync(join(path, file), text);
  return path;
}

describe('the sources', () => {
  it('come in the order in which they are listed', async () => {
    expect((await loadSources()).map(({ id }) => id)).toEqual(['serf', 'list', 'avahi', 'aredn', 'olsr']);
  });

  it('are one more with one more file in the folder, which needs nothing else', async () => {
    const sources = await loadSources(folderWith('neighbours.mjs', `${NEIGHBOURS}\nexport default good;`));
    expect(sources.map(({ id }) => id)).toEqual(['serf', 'neighbours', 'list', 'avahi', 'aredn', 'olsr']);
    const config = { providersFile: '/nonexistent' };
    const discovery = createDiscovery({ sources, config, serf: false });
    onTestFinished(() => discovery.close());
    await discovery.ready();
    expect(discovery.providers()).toMatchObject([{ node: 'anna', sources: ['neighbours'] }]);
    expect(discovery.sources()).toMatchObject([{ name: 'neighbours', state: 'up', read: 1 }, { name: 'list' }]);
    const words = loadLocales(undefined, sourceTexts(sources));
    expect(LANGUAGES.map((language) => words(language).t('source.neighbours'))).toEqual([
      ...['veïns', 'vecinos', 'neighbours', 'neighbours'],
    ]);
  });

  it('list a type that has several words under one of them', async () => {
    const sources = await loadSources(folderWith('neighbours.mjs', `${NEIGHBOURS}\nexport default good;`));
    const canonical = (word: string) => (word === 'syncthing' ? 'sync' : word);
    const discovery = createDiscovery({ sources, canonical, config: { providersFile: '/nonexistent' }, serf: false });
    onTestFinished(() => discovery.close());
    await discovery.ready();
    expect(discovery.words()).toEqual(['sync']);
    expect(discovery.announcements('neighbours')).toMatchObject([{ type: 'sync', node: 'anna' }]);
  });

  it.each([
    ["id: 'others'", 'id must equal the file name "neighbours"'],
    ["title: { ca: 'veïns' }", 'title needs a text in ca, es, en, de'],
    ['order: undefined', 'order must be a number'],
    ["trust: 'everyone'", 'trust must be owner or anyone'],
    ["reach: 'world'", 'reach must be community or link'],
    ["remedy: { en: 'Ask.' }", 'remedy needs a text in ca, es, en, de'],
    ['isSet: true', 'isSet must be a function'],
    ['open: undefined', 'open must be a function'],
  ])('with %s stop the start, naming file and fault', async (fault, message) => {
    const folder = folderWith('neighbours.mjs', `${NEIGHBOURS}\nexport default { ...good, ${fault} };`);
    await expect(loadSources(folder)).rejects.toThrow(`${join(folder, 'neighbours.mjs')}: ${message}.`);
  });

  it('without a default export stop the start', async () => {
    await expect(loadSources(folderWith('neighbours.mjs', NEIGHBOURS))).rejects.toThrow('id must equal the file name');
  });
});
