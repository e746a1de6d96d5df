/** Each number that counts rows leads to exactly these rows: every such link of every page is followed and its rows counted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SKIP_REASONS } from '../../plugin/announcement/skipped.js';
import { LOCALES_DIR } from '../../plugin/config/paths.js';
import { writeTag } from '../announcement/packed.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NOW, NUMBERLESS, ranked, SERF_UP } from './fake-panel.js';

/** Texts with a count that are links, or stand at the rows themselves. */
const OF_ROWS = [
  ...[
    'home.providers',
    'home.measured',
    'home.reachable',
    'home.works',
    'source.read',
    'source.skipped',
    'find.hidden',
    'chain.services',
  ],
  ...['headline.unmeasured', 'headline.none', 'headline.reachable'],
];
/** Those that count no rows, and what they count. */
const OTHERS: Readonly<Record<string, string>> = {
  'find.page': 'which rows of all this page shows',
  'skipped.lost': 'rows that there are no more',
  'events.count': 'times that one row stands for',
  'chain.joined.yes': 'nodes that gossip',
  'publish.others': 'entries in this node’s own tag, which are beneath it',
  'opinion.ratings': 'times that the owner has rated',
  'bar.label': 'days',
  'row.answers': 'tries',
  'confidence.tries': 'tries',
  'best.every': 'tries',
  'best.some': 'tries',
  'job.progress': 'tries',
  'scan.work': 'providers that one scan has tried and that work',
  'scan.reached': 'providers that one scan has tried and that answer',
  'compare.most': 'providers that do not fit',
  'compare.gone': 'providers that are not announced',
  'compare.days': 'days',
  'scan.left': 'providers that a scan would not measure',
  'job.left': 'providers that a scan did not measure',
  'why.few': 'tries',
  'why.few.of': 'tries',
  'why.doubt': 'tries',
  'why.lost': 'points',
  'why.gained': 'points',
  'login.wait': 'seconds',
  'search.total': 'matches of every kind, which are beneath it',
  'search.more': 'matches that are not shown',
  'node.offers': 'services of one node, which are beneath it',
  'node.works': 'those of them that work',
  'settings.alerts.on': 'failures',
  'opinion.star': 'stars of a button',
  'health.newest': 'providers tried on a day that is over',
  'health.label': 'days',
  'health.answered.newest': 'providers tried on a day that is over',
  'health.answered.label': 'days',
  'health.announced': 'providers of a strip that leads to all of them',
  'health.added': 'some of these',
  'health.gone': 'providers that there are no more',
  'distance.more': 'neighbours that are not drawn',
  'doctor.read': 'announcements, in a terminal',
  'neighbours.rows': 'providers that a neighbour tells of',
  'fare.own': 'neighbours, who are beneath it',
  'fare.own.none': 'neighbours, who are beneath it',
  'fare.untried': 'neighbours, who are beneath it',
  'fare.untried.none': 'neighbours, who are beneath it',
  'fare.differs': 'neighbours, who are beneath it',
  'fare.agrees': 'neighbours, who are beneath it',
  'fare.alone': 'neighbours, who are beneath it',
  'fare.none': 'neighbours, who are beneath it',
  'fare.row': 'tries of a neighbour',
  'declared.up': 'days',
  'way.hops': 'nodes on a way',
  'settings.routing.routes': 'ranges of addresses that a daemon knows',
  'doctor.routing': 'the same, in a terminal',
};

const texts = JSON.parse(readFileSync(join(LOCALES_DIR, 'en.json'), 'utf8')) as Record<string, string>;
const counting = Object.keys(texts).flatMap((key) => {
  const [, base = ''] = /^(.*)\.one$/.exec(key) ?? [];
  return base && `${base}.other` in texts ? [base] : [];
});

/** How each text looks, with the number where it is written out; the longest first, as one may begin like another. */
const PATTERNS = OF_ROWS.flatMap((key) =>
  ['one', 'other'].map((form) => {
    const escaped = (texts[`${key}.${form}`] ?? '').replace(/[.*+?^$()|[\]\\]/g, '\\$&');
    return {
      key,
      pattern: new RegExp(
        `(?<![\\w,.])${escaped.replace('{count}', '([\\d,]+)').replace('{measured}', '[\\d,]+')}(?!\\w)`,
      ),
    };
  }),
).sort((a, b) => b.pattern.source.length - a.pattern.source.length);

interface Count {
  readonly key: string;
  readonly number: number;
}

/** The number in a text of the page; where it is said in words, it is one. */
function countIn(text: string): Count | null {
  for (const { key, pattern } of PATTERNS) {
    const match = pattern.exec(text);
    if (match) return { key, number: match[1] === undefined ? 1 : Number(match[1].replaceAll(',', '')) };
  }
  const chip = /^[^\d]+ ([\d,]+)(?: ×, .*)?$/.exec(text);
  return chip ? { key: 'filter', number: Number(chip[1]?.replaceAll(',', '')) } : null;
}

const plain = (html: string) =>
  html
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
    .trim();

interface Page {
  readonly links: readonly {
    readonly href: string;
    readonly text: string;
    readonly isFilter: boolean;
    /** A filter that is on: it counts the rows that are shown, and leads to those without it. */
    readonly isOn: boolean;
  }[];
  /** What is no link, piece by piece. */
  readonly rest: readonly string[];
  readonly rows: number;
  readonly next: string | null;
}

const LINK = /<a\b([^>]*)href="([^"]*)"([^>]*)>(.*?)<\/a>/gs;

function read(body: string): Page {
  const main = /<main[^>]*>(.*)<\/main>/s.exec(body)?.[1] ?? '';
  const links = [...main.matchAll(LINK)].map(([, before = '', href = '', after = '', inner = '']) => ({
    ...{ href: href.replaceAll('&amp;', '&'), text: plain(inner), isFilter: before.includes('cs-filter') },
    isOn: after.includes('aria-current'),
  }));
  const listed = /<section class="cs-card">.*<ul>(.*?)<\/ul>/s.exec(main)?.[1] ?? '';
  return {
    links,
    rest: main
      .replaceAll(LINK, '<>')
      .split(/<[^>]*>/)
      .map(plain)
      .filter(Boolean),
    rows: (main.match(/<tr id="p-/g) ?? listed.match(/<li>/g) ?? []).length,
    next: /rel="next" href="([^"]*)"/.exec(main)?.[1]?.replaceAll('&amp;', '&') ?? null,
  };
}

let web: TestWeb;
afterEach(() => web?.app.close());

const failed = { ...NUMBERLESS, score: 0, level: 0 as const, reason: 'timeout' as const, samples: 0 };
const unmeasured = { ...NUMBERLESS, score: null, level: 0 as const, samples: 0, attempts: 0, measuredAt: null };
const unchecked = { ...NUMBERLESS, score: null, level: 2 as const, reason: 'not-checked' as const };

/** Lists of every kind, hidden and pinned ones among them; sources that have skipped something for every reason. */
async function open(): Promise<readonly string[]> {
  web = await startWeb();
  const { lists, discovery } = web.panel;
  const many = Array.from({ length: 230 }, (_, at) =>
    ranked('snpservice', at, {
      provider: { address: `10.2.${at >> 7}.${at & 127}`, barred: at % 9 ? null : 'no-port' },
    }),
  );
  lists.set('snpservice', many);
  lists.set(
    'proxy3',
    [1, 2, 3].map((at) => ranked('proxy3', at, at < 3 ? failed : unmeasured)),
  );
  lists.set(
    'owp',
    [1, 2].map((at) => ranked('owp', at, unmeasured)),
  );
  lists.set(
    'webdav',
    [1, 2, 3, 4].map((at) => ranked('webdav', at, at < 4 ? unchecked : failed)),
  );
  lists.set('Docker', [ranked('Docker', 1)]);
  for (const [word, list] of lists)
    lists.set(
      word,
      list.map((row, at) => ({ ...row, hidden: at % 4 === 2, pinned: at % 5 === 0 })),
    );
  const rows = SKIP_REASONS.flatMap((reason, at) =>
    Array.from({ length: at + 1 }, (_, nth) => ({ node: nth ? 'torre' : null, type: null, reason, heardAt: NOW })),
  );
  const skipped = Object.fromEntries(SKIP_REASONS.map((reason, at) => [reason, at + 1]));
  discovery.skipped = (source) =>
    source === 'serf' ? [...rows, { ...rows[0], reason: 'bad-type', node: 'here' } as never] : [];
  web.panel.sourceList = (['serf', 'avahi'] as const).map((name) => ({
    ...{ ...SERF_UP, name, read: discovery.announcements(name).length },
    skipped: name === 'serf' ? { ...skipped, 'bad-type': (skipped['bad-type'] ?? 0) + 1 } : {},
  }));
  const piece = (s: string) => ({ s, d: '', m: 'node1.guifi.local', i: '10.139.40.1', p: '53', e: '', t: '' });
  const services = writeTag(['dnsservice', 'no type'].map(piece));
  const member = {
    name: 'here',
    address: '10.139.40.1',
    port: 5000,
    status: 'alive',
    tags: new Map([['services', services]]),
  };
  const client = {
    stats: async () => new Map([['agent', new Map([['name', 'here']])]]),
    members: async () => [member, { ...member, name: 'other' }],
  };
  const away = discovery.serfClient;
  web.panel.own.preview = async () => away() as never;
  discovery.serfClient = () => client as never;
  const announced = discovery.announcements;
  discovery.announcements = (source) =>
    announced(source).map((announcement, at) =>
      source === 'serf' && at === 0 ? { ...announcement, node: 'here' } : announcement,
    );
  const types = [...lists.keys()].map((word) => `/services/${word}`);
  const queries = ['', '?hidden=yes', '?hidden=only', '?reachable=yes&sort=name', '?q=node1', '?rows=10&page=2'];
  const id = lists.get('dnsservice')?.[0]?.provider.id;
  return [
    ...[
      '/',
      '/settings',
      '/help',
      '/help/not-listed?node=here',
      '/help/skipped?source=serf&reason=bad-port',
      '/help/heard?source=serf',
    ],
    ...types.flatMap((path) => queries.map((query) => path + query)),
    `/services/dnsservice/providers/${id}`,
  ];
}

/** The same rows from their first page. */
const withoutPage = (url: string) => url.replace(/&page=\d+/, '');

/** The rows behind an address, on all its pages. */
async function rowsAt(visitor: Visitor, href: string): Promise<number> {
  let rows = 0;
  for (let next: string | null = href; next !== null; ) {
    const answer = await visitor.get(next);
    expect(answer.statusCode, next).toBe(200);
    const page = read(answer.body);
    rows += page.rows;
    next = page.next;
  }
  return rows;
}

describe('a number', () => {
  it('is classified for every text as counting rows or not', () => {
    expect([...OF_ROWS, ...Object.keys(OTHERS)].filter((key) => !counting.includes(key))).toEqual([]);
    expect(counting.filter((key) => !OF_ROWS.includes(key) && !(key in OTHERS))).toEqual([]);
  });

  it.each(['reader', 'owner'])('links the %s to exactly the rows that it counts, on every page', async (role) => {
    const pages = await open();
    const visitor = new Visitor(web, { 'accept-language': 'en' });
    if (role === 'owner') await visitor.login();
    const known = new Map<string, number>();
    const rowsBehind = async (to: string) => {
      const rows = known.get(to) ?? (await rowsAt(visitor, to));
      known.set(to, rows);
      return rows;
    };
    const met = new Set<string>();
    for (const url of pages) {
      const { links, rest } = read((await visitor.get(url)).body);
      for (const { href, text, isFilter, isOn } of links) {
        const count = countIn(text);
        if (count === null || (count.key === 'filter') !== isFilter) continue;
        met.add(count.key);
        const to = isOn ? withoutPage(url) : href;
        expect(await rowsBehind(to), `${url}: “${text}” leads to ${to}`).toBe(count.number);
      }
      for (const text of rest) {
        const count = countIn(text);
        if (count === null || count.key === 'filter' || count.number === 0) continue;
        expect(await rowsBehind(withoutPage(url)), `${url}: “${text}” stands at its rows`).toBe(count.number);
      }
    }
    const shown = OF_ROWS.filter((key) => role === 'owner' || key !== 'find.hidden');
    expect([...met].sort()).toEqual([...shown, 'filter'].sort());
  });
});
