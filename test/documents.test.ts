/** The documents: they lead where they say, say what holds, and are as short as they promise. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../plugin/config/index.js';
import { PanelError } from '../plugin/model/errors.js';
import { loadServices } from '../plugin/services/index.js';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .trim()
  .split('\n');

/** Cells of the tables of a document, row by row. */
const rows = (text: string) =>
  [...text.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split('|').map((cell) => cell.trim()));

/** As GitHub names the heading's anchor. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchors = (text: string) => [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchor(heading));

describe('a document', () => {
  it('links only to what is in the repository', () => {
    expect(documents.length).toBeGreaterThan(10);
    const broken = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
        .filter(([, path = '', section]) => {
          const target = path === '' ? document : join(dirname(document), path);
          const file = existsSync(join(ROOT, target, 'README.md')) ? join(target, 'README.md') : target;
          return !existsSync(join(ROOT, file)) || (section !== undefined && !anchors(read(file)).includes(section));
        })
        .map(([link]) => `${document}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const unknown = documents.flatMap((document) =>
      [...read(document).matchAll(/\bnpm run (?:-s )?([\w:]+)/g)].flatMap(([, name = '']) =>
        name in scripts ? [] : `${document}: ${name}`,
      ),
    );
    expect(unknown).toEqual([]);
  });

  it('stands in each room that has no index to say what it holds', () => {
    const rooms = readdirSync(join(ROOT, 'plugin'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const silent = rooms
      .map(({ name }) => name)
      .filter((name) => !['index.ts', 'README.md'].some((file) => existsSync(join(ROOT, 'plugin', name, file))));
    expect(silent).toEqual([]);
  });
});

describe('the README', () => {
  it('has at most 1,100 words, begins with its two commands, and shows the list', () => {
    const readme = read('README.md');
    expect(readme.split(/\s+/).length).toBeLessThanOrEqual(1_100);
    expect(readme.slice(0, 500)).toMatch(/```sh\nnpm run demo .*\nnpm start .*\n```/);
    expect(readme).toContain('](.github/list.png)');
  });

  it('has pictures that load over a mesh: at most three, below 100 kB each', () => {
    const pictures = readdirSync(join(ROOT, '.github')).filter((name) => name.endsWith('.png'));
    expect(pictures.length).toBeGreaterThan(0);
    expect(pictures.length).toBeLessThanOrEqual(3);
    expect(pictures.filter((name) => statSync(join(ROOT, '.github', name)).size >= 100_000)).toEqual([]);
  });
});

describe('the settings', () => {
  /** `KEY` → default as documented; null where it depends on the machine. */
  function documented(document: string): ReadonlyMap<string, string | null> {
    const keys = rows(read(document)).filter(([key = '']) => /^`[A-Z_]+`$/.test(key));
    return new Map(
      keys.map(([key = '', standard = '']) => [
        key.replaceAll('`', ''),
        /^(`[^`]*`)?$/.test(standard) ? standard.replaceAll('`', '') : null,
      ]),
    );
  }

  function knownKeys(): readonly string[] {
    try {
      loadConfig({ env: { CLOUDY_SERVICES_BOGUS: '1' }, file: '' });
    } catch (error) {
      if (error instanceof PanelError) return error.hint.match(/(?<=CLOUDY_SERVICES_)[A-Z_]+/g) ?? [];
    }
    return [];
  }

  it('are all documented, in their order', () => {
    expect([...documented('plugin/config/README.md').keys()]).toEqual(knownKeys());
  });

  it.each(['README.md', 'plugin/config/README.md'])('have the defaults that %s names', (document) => {
    const pairs = [...documented(document)].flatMap(([key, value]) =>
      value === null ? [] : [[`CLOUDY_SERVICES_${key}`, value]],
    );
    expect(pairs.length).toBeGreaterThan(5);
    const files = { file: '', serfFile: '' };
    expect(loadConfig({ env: Object.fromEntries(pairs), ...files })).toEqual(loadConfig({ env: {}, ...files }));
  });
});

it('plugin/services/README.md tells the cost of each probe as its type states it', async () => {
  const { of } = await loadServices();
  const costs = rows(read('plugin/services/README.md')).flatMap(([name = '', , cost = '']) => {
    const [, packets, kilobytes] = /^(\d+), ([\d.]+) kB(?:,|$)/.exec(cost) ?? [];
    return packets === undefined ? [] : [{ id: name.replaceAll('`', ''), cost: `${packets}, ${kilobytes} kB` }];
  });
  expect(costs.length).toBeGreaterThan(12);
  const stated = costs.map(({ id }) => {
    const { packets, bytes } = of(id).cost;
    return { id, cost: `${packets}, ${(bytes / 1_000).toFixed(1)} kB` };
  });
  expect(costs).toEqual(stated);
});

it('SECURITY.md names tests that exist', () => {
  const cited = rows(read('SECURITY.md')).flatMap(([, , tests = '']) =>
    [...tests.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
  expect(cited.length).toBeGreaterThan(10);
  const exists = (name: string) => ['', '.test.ts'].some((end) => existsSync(join(ROOT, 'test', `${name}${end}`)));
  expect(cited.filter((name) => name !== 'test/' && !exists(name))).toEqual([]);
});
