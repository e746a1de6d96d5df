/**
 * Announcements as somebody who means harm would write them, the same in every run, each with what must become of it.
 * Texts carry canaries: an element `x-canary`, attributes that begin with `onx`, and sums that only a template would do.
 */
import type { EntryProblem } from '../../plugin/announcement/entry.js';

/** A function that returns a whole number from 0 to one below its argument. */
export type Random = (below: number) => number;

/** Stands for bytes that are no UTF-8, until the text is written as bytes (`bytesOf`). */
const NO_UTF8 = '\ue000';

/** What `${SUM}` comes to where somebody does it. */
export const SUM = '31337*3';
export const DONE_SUM = '94011';

const SHARP: readonly string[] = [
  ...['<x-canary>', '"><x-canary onx=1>', "'><x-canary onx='1'>", '</x><svg><x-canary/></svg>', '<x-canary\n onx=1\n>'],
  ...['" onx="', "' onx='", '"onx=1 ', "'onx=1 ", ' onx=1 ', '`onx=`', '" hx-on:click="onx()', '" hx-get="/'],
  ...['</script><x-canary>', '</title></style></textarea></option><x-canary>', '--><x-canary>', ']]><x-canary>'],
  ...[
    '<img src=x onerror=onx()>',
    '<a href="javascript:onx()">',
    '&lt;x-canary&gt;',
    '&#60;x-canary&#62;',
    '&quot; onx=',
  ],
  ...['\\u003cx-canary\\u003e', '%3Cx-canary%3E', '+ADw-x-canary+AD4-', '\uff1cx-canary\uff1e'],
  ...[
    'javascript:onx()',
    'JaVaScRiPt\t:onx()',
    'data:text/html,<x-canary>',
    'vbscript:onx',
    '//evil.example/',
    '\\\\evil\\x',
  ],
  ...['http://evil.example/"onx=1', '../../../etc/passwd', '/%2e%2e/%2e%2e', '?q=1&hidden=yes#p', ';.js', 'x\\'],
  ...['=HYPERLINK("http://evil.example")', '+1+1', '-2+3', '@SUM(1)', '\t=1+1', '\r=1+1', '=cmd|" /C calc"!A0', ',",'],
  ...[
    '"} 1\ncloudy_services_evil{x="',
    '\\"} 2',
    '# HELP x y',
    '\n<3>forged line',
    '\r\nset-cookie: x=1',
    '\u2028x\u2029',
  ],
  ...[
    `<%= ${SUM} %>`,
    `<%~ ${SUM} %>`,
    '<% } %>',
    `{{${SUM}}}`,
    `\${${SUM}}`,
    `#{${SUM}}`,
    '{count}',
    '%s%n%d',
    '{service}',
  ],
  ...[
    '\u001b[2J\u001b[31m',
    '\u001b]0;title\u0007',
    '\u001b]8;;http://evil.example\u001b\\x',
    '\u009b31m',
    '\u0000',
    '\b\b\u007f',
  ],
  ...['\u202egnp.exe', '\u2066\u2067\u2068', '\u200e\u200f\u061c', '\u200b\u2060\ufeff\u00ad', '\u3164\u{e0041}\ufff9'],
  ...[
    '\ud800',
    '\udc00x',
    `\ud83d${NO_UTF8}`,
    NO_UTF8,
    `${NO_UTF8}\u0080`,
    'e\u0301\u0302\u0303',
    '\u{1f469}\u200d\u{1f33e}',
  ],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', 'NaN', '[object Object]'],
  ...[
    '$(touch /tmp/x)',
    '`id`',
    '; rm -rf /',
    "' OR 1=1 --",
    '| nc',
    '-rf',
    '\u0000.png',
    'probe=none',
    'k=v&k2=<x-canary>',
  ],
];

const LONG = ['x', '<x-canary>', '\u202e', ' ', 'k=v ', '&', '"', '\u0000', '=', '_'];

/** One to three sharp pieces, perhaps with something harmless between; now and then a very long one. */
export function hostileText(random: Random, longest = 4_000): string {
  if (random(60) === 0) return pick(random, LONG).repeat(1 + random(longest));
  const pieces = Array.from({ length: 1 + random(3) }, () => pick(random, SHARP));
  return pieces.join(pick(random, ['', ' ', '=', '_', 'node', '"', "'"]));
}

export function pick<T>(random: Random, all: readonly T[]): T {
  return all[random(all.length)] as T;
}

export interface Hostile {
  /** One entry, as JSON perhaps only a hostile hand would write. */
  readonly json: string;
  /** Why it must be skipped; null = it must be listed. */
  readonly problem: EntryProblem | null;
  /** Type, address and port under which it must be listed. */
  readonly key: string;
}

/** A field's JSON, and what it must be read as; undefined = it makes the entry useless. */
type Field = readonly [json: string, read: string | undefined];

/** Words that are good types, though nobody would call a service so. */
const TYPES: readonly string[] = [
  ...['dnsservice', 'owp', 'peerstreamer', 'proxy3', 'serf', 'snpservice', 'syncthing', 'tahoe-lafs', 'tincvpn'],
  ...['Docker', 'webdav', 'other', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', 'index', '0', '1e3'],
  ...['confirm', 'measurements.csv', 'a--', 'x.._', 'DNSSERVICE', 'null', 'undefined', 'x'.repeat(32)],
];

/** Values that are not what they should be, in JSON. */
const WRONG: readonly string[] = [
  ...['null', 'true', 'false', '[]', '{}', '-0', '1e999', '-1e999', '1e-400', '9'.repeat(400), '0.1', '["<x-canary>"]'],
  ...['{"__proto__":{"s":"x"}}', '{"toString":1}', '[[[[[[]]]]]]', '[{"i":"10.0.0.1"}]', '{"length":9e9}'],
];

/**
 * @param nth makes its address another than that of any other
 * @param tame without brackets, quotes and whatever else cannot stand in the quotes of old nodes
 */
export function hostileEntry(random: Random, nth: number, tame = false): Hostile {
  if (!tame && random(25) === 0) return { json: pick(random, NO_ENTRIES), problem: 'bad-entry', key: '' };
  const type = hostileType(random, tame);
  const address = hostileAddress(random, nth, tame);
  // A node's IPv6 address beside its IPv4 one is one row where nothing else differs: here the port always does.
  const port = address[1]?.includes(':') ? said(`${nth}`) : hostilePort(random, tame);
  const problem =
    type[1] === undefined
      ? 'bad-type'
      : address[1] === undefined
        ? 'bad-address'
        : port[1] === undefined
          ? 'bad-port'
          : null;
  const fields = [
    ...[`"s":${type[0]}`, `"i":${address[0]}`, `"p":${port[0]}`],
    ...['d', 'm', 'e', 't'].map((name) => `"${name}":${hostileValue(random, tame)}`),
  ];
  const extra = tame ? [] : pick(random, EXTRA);
  // Of keys that come twice the last counts.
  return { json: `{${[...extra, ...fields].join(',')}}`, problem, key: `${type[1]}|${address[1]}|${port[1]}` };
}

const NO_ENTRIES = [
  'null',
  '5',
  '"text <x-canary>"',
  '[]',
  '[{}]',
  'true',
  '1e999',
  `[${'['.repeat(50)}${']'.repeat(50)}]`,
];

const EXTRA: readonly (readonly string[])[] = [
  ...[[], [], [], ['"__proto__":{"s":"proxy3","i":"10.9.9.9"}'], ['"constructor":{"prototype":{"i":"x"}}']],
  ...[['"s":"evil","i":"10.66.66.66","p":"1"', '"s":5'], ['"":""', '"x":{"y":{"z":[[[[1]]]]}}'], ['"s\\u0000":"x"']],
];

function hostileType(random: Random, tame: boolean): Field {
  if (random(100) < 80) return said(pick(random, TYPES));
  if (!tame && random(2) === 0) return [pick(random, WRONG), undefined];
  return [
    quoted(pick(random, ['', '-rf', '.', '../x', '_x', 'x'.repeat(33), 'dnsservice\n', 'a b', 'ç', '<x-canary>'])),
    undefined,
  ];
}

function hostileAddress(random: Random, nth: number, tame: boolean): Field {
  const [high, low] = [nth >> 8, nth & 255];
  if (random(100) < 60) return said(`10.${high >> 8}.${high & 255}.${low}`);
  if (random(100) < 70) {
    const hex = nth.toString(16);
    return pick<Field>(random, [
      said(`${pick(random, ['8', '224', '127', '172', '203'])}.1.${high & 255}.${low}`),
      [quoted(`FD00::${hex.toUpperCase()}`), `fd00::${hex}`],
      [quoted(` 192.168.${high & 255}.${low} `), `192.168.${high & 255}.${low}`],
      [quoted(`::ffff:11.1.${high & 255}.${low}`), `11.1.${high & 255}.${low}`],
      [quoted(`2001:db8:0:0:0:0:1:${hex}`), `2001:db8::1:${hex}`],
    ]);
  }
  if (!tame && random(2) === 0) return [pick(random, [...WRONG, quoted(hostileText(random))]), undefined];
  const bad = [
    '',
    'localhost',
    'evil.example',
    '010.0.0.1',
    '10.0.0',
    '10.0.0.1.2',
    '0x7f.1',
    '2130706433',
    'fe80::1%eth0',
  ];
  return [
    quoted(pick(random, [...bad, '[::1]', '10.0.0.1:80', '10.0.0.256', '::g', '10.0.0.1/8', '١٠.0.0.1'])),
    undefined,
  ];
}

function hostilePort(random: Random, tame: boolean): Field {
  if (random(100) < 85) {
    const port = 1 + random(65_535);
    return pick<Field>(random, [
      ...[said(`${port}`), [`${port}`, `${port}`] as const, [`${port}.0`, `${port}`] as const],
      ...[['""', ''] as const, ['null', ''] as const, [quoted(` ${port} `), `${port}`] as const],
    ]);
  }
  if (!tame && random(2) === 0) {
    const wrong = WRONG.filter((one) => one !== 'null');
    return [pick(random, [...wrong, quoted(hostileText(random))]), undefined];
  }
  return [
    pick(random, ['"0"', '0', '-1', '65536', '"65536"', '1e5', '80.5', '"http"', '"1e3"', '"0x50"', '"٥٣"', '" "']),
    undefined,
  ];
}

const said = (text: string): Field => [quoted(text), text];
const quoted = (text: string) => JSON.stringify(text);

function hostileValue(random: Random, tame: boolean): string {
  if (tame) return quoted(hostileText(random, 200).replace(/[^\w<>=&;:/.%+ -]/g, ''));
  return random(8) === 0 ? pick(random, WRONG) : quoted(hostileText(random));
}

/** The text as bytes, with some that are no UTF-8 where the text has their stand-in. */
export function bytesOf(text: string): Buffer {
  const mark = Buffer.from(NO_UTF8).toString('latin1');
  return Buffer.from(Buffer.from(text).toString('latin1').replaceAll(mark, '\xff\xc0'), 'latin1');
}
