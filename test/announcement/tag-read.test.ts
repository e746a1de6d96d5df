/** The tag as strangers write it: old spellings are read, hostile ones skipped and counted. */
import { describe, expect, it } from 'vitest';
import { readEntry } from '../../plugin/announcement/entry.js';
import { parseList } from '../../plugin/announcement/loose-json.js';
import { readTag } from '../../plugin/announcement/tag-read.js';
import { cpuMs } from '../cpu.js';
import { seeded } from '../discovery/seeded.js';
import { writeTag } from './packed.js';

const GOOD = {
  s: 'proxy3',
  d: 'Guifi_proxy',
  m: 'node7.guifi.local',
  i: '10.139.40.22',
  p: '3128',
  e: 'demo',
  t: 'a=1',
};
const read = (entries: readonly unknown[] | string) => readTag(writeTag(entries));
const toEntry = (change: object) => {
  const entry = readEntry({ ...GOOD, ...change });
  if (typeof entry === 'string') throw new Error(entry);
  return entry;
};

/** `head -c 50000000 /dev/zero | bzip2 -9 | base64 -w0` */
const BOMB =
  'QlpoOTFBWSZTWQ4J4t8BX45AAMAAAAggADCATUZCoCWpCoCXMUFZJlNZk8TsPQAfaMEAwAAAEAAIIAAwzAmqaZUiDapSIPF3JFOFCQj9cpgw';

describe('a tag', () => {
  it('is read field by field, even with line breaks in its base64', () => {
    const tag = writeTag([GOOD, { ...GOOD, s: 'Docker' }]);
    const wrapped = tag.replace(/.{20}/g, '$&\n');
    for (const text of [tag, wrapped, wrapped.replaceAll('\n', ' '), tag.replace(/=+$/, '')]) {
      expect(readTag(text).skipped).toEqual({});
      expect(readTag(text).entries[0]).toEqual({
        type: 'proxy3',
        description: 'Guifi proxy',
        host: 'node7.guifi.local',
        address: '10.139.40.22',
        port: 3128,
        community: 'demo',
        txt: new Map([['a', '1']]),
      });
      expect(readTag(text).entries[1]?.type).toBe('Docker');
    }
  });

  it.each<[string, string]>([
    ['quotes of the wrong kind', JSON.stringify([GOOD]).replaceAll('"', "'")],
    ['a comma at the end', `[${JSON.stringify(GOOD)},]`],
    ['a comma at the start', `[ , ${JSON.stringify(GOOD)}]`],
    ['several commas', `[${JSON.stringify(GOOD)},, , ,]`],
    ['a comma inside the object', `[${JSON.stringify(GOOD).replace('}', ',}')}]`],
    ['no list around it', JSON.stringify(GOOD)],
    ['a byte order mark', `\ufeff${JSON.stringify([GOOD])}`],
  ])('is read with %s', (_, json) => {
    const { entries, skipped } = read(json);
    expect(entries).toMatchObject([{ type: 'proxy3', port: 3128 }]);
    expect(skipped).toEqual({});
  });

  const single = (text: string) => JSON.stringify([GOOD]).replaceAll('"', "'").replace('Guifi_proxy', text);
  const double = (text: string) => JSON.stringify([GOOD]).replace('Guifi_proxy', text);
  it.each<[string, string, string]>([
    ['an apostrophe between single quotes', single("Proxy de L'Hospitalet"), "Proxy de L'Hospitalet"],
    ['more of them', single("'l'Ou', d'en Pau'"), "'l'Ou', d'en Pau'"],
    ['quotes between double quotes', double('el "Bar", "Sol"'), 'el "Bar", "Sol"'],
    ['double quotes between single ones', single('el "Bar"'), 'el "Bar"'],
    ['an apostrophe before a comma', single("l', i'"), "l', i'"],
    ['a tab', double('Proxy\tnord'), 'Proxy nord'],
    ['a line break', single('Proxy\r\nnord'), 'Proxy nord'],
    ['a control character', double('Proxy\u0001nord'), 'Proxynord'],
    ['the escape of a shell', single("L\\'Hospitalet"), "L'Hospitalet"],
    ['a backslash that escapes nothing', double('a\\d \\u00e9 \\u12'), 'ad é u12'],
    ['braces', single("d'{x;y} [z]"), "d'{x;y} [z]"],
    ['no quotes at all', single("L'Hospitalet").replaceAll(/'(?!Hosp)/g, ''), "L'Hospitalet"],
    ['quotes of both kinds', `[{"s":'proxy3','d':"L'Ou",'i':"10.139.40.22",p:3128,e:null}]`, "L'Ou"],
    ['blanks around everything', single("L'Ou").replaceAll(/(?<=[:,{])|(?=[:,}])/g, ' \n'), "L'Ou"],
    ['words between its objects', `x ${double("L'Ou").slice(1, -1)} and y`, "L'Ou"],
    ['a comma at the end, too', single("L'Ou").replace('}]', ',},]'), "L'Ou"],
  ])('is read with %s', (_, json, description) => {
    const { entries, skipped } = read(json);
    expect(entries).toMatchObject([{ type: 'proxy3', description, address: '10.139.40.22', port: 3128 }]);
    expect(skipped).toEqual({});
  });

  it.each(['8080', '8080.0', '8.08e3', '""', 'null', '0', '80.5', '1e5', 'true'])(
    'means by %s without quotes what JSON means, whichever quotes its strings have',
    (bare) => {
      for (const [name, quoted] of Object.entries({
        s: '"proxy3"',
        i: '"10.139.40.22"',
        p: '"3128"',
        d: '"Guifi_proxy"',
      })) {
        const json = JSON.stringify([GOOD]).replace(`"${name}":${quoted}`, `"${name}":${bare}`);
        const { entries, skipped } = read(json);
        expect(read(json.replaceAll('"', "'")), json).toMatchObject({ entries, skipped });
        expect(read(json.replace(']', ',]')), json).toMatchObject({ entries, skipped });
      }
    },
  );

  it('costs milliseconds however its quotes, commas and braces are arranged', () => {
    const bits = [
      "{'a':'",
      '{a:,',
      "{'a':'x'  ,  }",
      "{'a':' ' ' ,  , 'a' ",
      "{a:1,b:'{a:1,',",
      `{"a":"'"',",`,
      '{a:  ,  ,',
    ];
    const texts = bits.map((bit) => bit.repeat(64_000 / bit.length));
    for (const text of [...texts, `{a:${','.repeat(64_000)}`, `{'a':${"'".repeat(64_000)}`, `{${' '.repeat(64_000)}`]) {
      const started = process.cpuUsage();
      parseList(text);
      expect(process.cpuUsage(started).user, text.slice(0, 20)).toBeLessThan(200_000);
    }
  });

  it('loses only its broken entry', () => {
    const broken = JSON.stringify(GOOD).replace('"s":', '"s"');
    const last = JSON.stringify({ ...GOOD, p: '3129' });
    expect(read(`[${JSON.stringify(GOOD)},${broken},${last},{"s":"x`)).toMatchObject({
      entries: [{ type: 'proxy3' }, { type: 'proxy3' }],
      skipped: { 'bad-json': 2 },
    });
  });

  it.each<[string, string, string]>([
    ['truncated base64', writeTag([GOOD]).slice(0, 41), 'bad-base64'],
    ['cut bzip2', writeTag([GOOD]).slice(0, 80), 'bad-bzip2'],
    ['no base64 at all', '<script>alert(1)</script>', 'bad-base64'],
    ['nothing', '', 'bad-base64'],
    ['other data', Buffer.from('{"s":"proxy3"}').toString('base64'), 'bad-bzip2'],
    ['a long text', 'A'.repeat(20_000), 'too-large'],
    ['JSON of 70 kB', writeTag([{ ...GOOD, d: 'x'.repeat(70_000) }]), 'too-large'],
    ['no JSON', writeTag('hello'), 'bad-json'],
    ['a key without a value', writeTag('[{"s":,"i":"10.0.0.1"}]'), 'bad-json'],
    ['a number', writeTag('7'), 'bad-entry'],
    ['lists within lists', writeTag('['.repeat(60_000)), 'bad-json'],
  ])('is skipped as a whole: %s', (_, text, reason) => {
    expect(readTag(text)).toMatchObject({ entries: [], skipped: { [reason]: 1 } });
  });

  it('costs milliseconds when it is a bomb of 50 MB or has 10,000 entries', () => {
    const [zeros, opened] = [writeTag(`[${'0,'.repeat(10_000)}0]`), writeTag('{'.repeat(60_000))];
    const many = writeTag(Array(10_000).fill({ s: 'x' }));
    const good = writeTag(Array.from({ length: 400 }, (_, nth) => ({ ...GOOD, p: `${1_000 + nth}` })));
    const started = cpuMs();
    expect(readTag(BOMB)).toMatchObject({ entries: [], skipped: { 'too-large': 1 } });
    expect(readTag(many)).toMatchObject({ entries: [], skipped: { 'too-large': 1 } });
    expect(readTag(zeros).skipped).toEqual({ 'bad-entry': 256, 'too-many': 9_745 });
    expect(readTag(good).entries).toHaveLength(64);
    expect(readTag(good).skipped).toEqual({ 'too-many': 336 });
    expect(readTag(opened).skipped).toEqual({ 'bad-json': 256, 'too-many': 59_744 });
    expect(cpuMs() - started).toBeLessThan(500);
  });

  it('has one entry per type, address and port, of which the first wins', () => {
    const equal = Array.from({ length: 64 }, (_, nth) => ({ ...GOOD, d: `number ${nth}` }));
    expect(readTag(writeTag(equal))).toMatchObject({ entries: [{ description: 'number 0' }], skipped: {} });
  });

  it('is decoded once while its text stays the same', () => {
    const text = writeTag([GOOD]);
    expect(readTag(text)).toBe(readTag(text));
  });

  it('never throws, whatever 3,000 damaged texts hold', () => {
    const random = seeded(9);
    const originals = [writeTag([GOOD]), writeTag("[{'s':'x','i':'10.0.0.1'},]")];
    for (let round = 0; round < 3_000; round++) {
      const letters = [...(originals[round % 2] as string)];
      for (let times = 1 + random(4); times > 0; times--)
        letters[random(letters.length)] = String.fromCharCode(random(128));
      const { entries, skipped } = readTag(letters.join(''));
      expect(entries.length + Object.keys(skipped).length).toBeGreaterThan(0);
    }
  });
});

describe('an entry', () => {
  it.each<[string, unknown, string]>([
    ['nothing', null, 'bad-entry'],
    ['a text', 'proxy3', 'bad-entry'],
    ['a list', [GOOD], 'bad-entry'],
    ['no type', { ...GOOD, s: undefined }, 'bad-type'],
    ['a type that is a number', { ...GOOD, s: 3 }, 'bad-type'],
    ['HTML as type', { ...GOOD, s: '<b>x</b>' }, 'bad-type'],
    ['a path as type', { ...GOOD, s: '../etc' }, 'bad-type'],
    ['a type that begins with a dash', { ...GOOD, s: '-rf' }, 'bad-type'],
    ['a long type', { ...GOOD, s: 'x'.repeat(33) }, 'bad-type'],
    ['a name as address', { ...GOOD, i: 'example.org' }, 'bad-address'],
    ['an octal address', { ...GOOD, i: '010.0.0.1' }, 'bad-address'],
    ['a number as address', { ...GOOD, i: 167772161 }, 'bad-address'],
    ['an address with a zone', { ...GOOD, i: 'fe80::1%eth0' }, 'bad-address'],
    ['port 0', { ...GOOD, p: '0' }, 'bad-port'],
    ['port 0 as a number', { ...GOOD, p: 0 }, 'bad-port'],
    ['port 70000', { ...GOOD, p: '70000' }, 'bad-port'],
    ['a negative port', { ...GOOD, p: -1 }, 'bad-port'],
    ['half a port', { ...GOOD, p: 80.5 }, 'bad-port'],
    ['a word as port', { ...GOOD, p: 'http' }, 'bad-port'],
    ['an object as port', { ...GOOD, p: {} }, 'bad-port'],
  ])('is skipped: %s', (_, value, reason) => {
    expect(readEntry(value)).toBe(reason);
  });

  it('may have a port as text, as a number, or none', () => {
    expect([' 53 ', 53, '', null, undefined].map((p) => toEntry({ p }).port)).toEqual([53, 53, null, null, null]);
  });

  it('canonicalises its address', () => {
    const spellings = ['2001:DB8:0::1', '::ffff:10.0.0.1', ' 10.0.0.1 ', '::FFFF:0A00:0001'];
    expect(spellings.map((i) => toEntry({ i }).address)).toEqual(['2001:db8::1', '10.0.0.1', '10.0.0.1', '10.0.0.1']);
  });

  it('keeps HTML as text, and drops characters that could disguise it', () => {
    const script = '<script>alert("x")</script>';
    expect(toEntry({ d: script, m: script, e: script })).toMatchObject({
      description: script,
      host: script,
      community: script,
    });
    expect(toEntry({ d: 'a\u202eb\u0000c\u2066d\ud800e\nf\u200bg\u2028h' }).description).toBe('abcde fg h');
    expect(toEntry({ d: '\u3164\u115f\u00ad\u034f\u2063\u180e\ufff9\u{e0041}x' }).description).toBe('x');
    expect(toEntry({ d: 'a\u200cb \u{1f469}\u200d\u{1f33e} \u2764\ufe0f' }).description).toHaveLength(12);
    expect(toEntry({ d: {}, m: ['x'], e: 7 })).toMatchObject({ description: '', host: '', community: '7' });
    expect(toEntry({ d: 'ç'.repeat(1_000) }).description).toBe('ç'.repeat(128));
  });

  it.each<[string, [string, string][]]>([
    [
      'a=1&b=2 c=3',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
    ],
    ['url=http://x/q=1', [['url', 'http://x/q=1']]],
    ['a=1 a=2', [['a', '1']]],
    ['ABCDEFG-HIJKLMN', [['', 'ABCDEFG-HIJKLMN']]],
    [
      'ABCDEFG-HIJKLMN,einfo={x;y}',
      [
        ['', 'ABCDEFG-HIJKLMN'],
        ['einfo', '{x;y}'],
      ],
    ],
    [
      'a=1 flag',
      [
        ['a', '1'],
        ['flag', ''],
      ],
    ],
    ['__proto__=x', [['__proto__', 'x']]],
    ['  & & ', []],
  ])('has the attributes of "%s"', (t, pairs) => {
    expect([...toEntry({ t }).txt]).toEqual(pairs);
  });

  it('has at most 32 attributes of 1 KiB together', () => {
    const many = Array.from({ length: 100 }, (_, at) => `k${at}=v`).join(' ');
    expect(toEntry({ t: many }).txt.size).toBe(32);
    expect(toEntry({ t: `k=${'v'.repeat(5_000)}` }).txt.get('k')).toHaveLength(1_022);
  });
});
