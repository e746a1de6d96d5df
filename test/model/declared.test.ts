/** What announcers say of their own services: read where it makes sense, and bounded. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinSayings, readDeclared, splitSayings } from '../../plugin/model/declared.js';

const read = (said: Readonly<Record<string, string>>) => readDeclared(new Map(Object.entries(said)));
const NOTHING = { by: '', since: null, open: null, languages: [], full: false };

describe('what an announcer says', () => {
  it('is read from short attributes, with the spaces that the wire has no room for', () => {
    expect(read({ by: 'Casal_de_Gurb', since: '2019-05', open: 'ask', lang: 'ca,es', full: '1' })).toEqual({
      ...{ by: 'Casal de Gurb', since: '2019-05', open: 'ask', languages: ['ca', 'es'], full: true },
    });
    expect(read({})).toEqual(NOTHING);
  });

  it.each(['2019', '2019-05', '2019-05-31'])('since %s is a date', (since) => {
    expect(read({ since }).since).toBe(since);
  });

  it.each([
    { since: '19' },
    { since: '2019-13' },
    { since: '2019-05-32' },
    { since: '2019-05-31T00' },
    { since: 'long ago' },
    { open: 'perhaps' },
    { open: '' },
    { lang: 'English' },
    { lang: '<b>' },
    { full: '0' },
    { full: 'no' },
    { by: '_' },
  ])('%o says nothing', (said) => {
    expect(read(said)).toEqual(NOTHING);
  });

  it('is bounded, whatever a stranger says', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('by', 'since', 'open', 'lang', 'full'), fc.string()), (said) => {
        const { by, since, languages } = read(said);
        expect(by.length).toBeLessThanOrEqual(40);
        expect(since ?? '2000').toMatch(/^[\d-]{4,10}$/);
        expect(languages.length).toBeLessThanOrEqual(4);
      }),
    );
    expect(read({ lang: 'ca,ca,es,fr,de,it,pt' }).languages).toEqual(['ca', 'es', 'fr']);
  });
});

describe('the attributes of a form', () => {
  it('are split into what is said and the others, and joined again', () => {
    const attributes = 'node_id=ABC&by=El_Mas full=1&path=/x&by=other';
    const { said, others } = splitSayings(attributes);
    expect({ said, others }).toEqual({ said: { by: 'El_Mas', full: '1' }, others: 'node_id=ABC&path=/x' });
    expect(joinSayings(attributes, said)).toBe('node_id=ABC&path=/x&by=El_Mas&full=1');
  });

  it('hold each value as one word, and nothing that is left empty', () => {
    expect(joinSayings('a=b by=old', { by: ' El Mas & co ', lang: 'ca, es', since: '', open: 'ask' })).toBe(
      'a=b&by=El_Mas_co&open=ask&lang=ca,es',
    );
    expect(joinSayings('', {})).toBe('');
  });

  it('say the same after any round', () => {
    const word = fc.stringMatching(/^[a-z\d]{1,8}$/);
    fc.assert(
      fc.property(fc.record({ by: word, since: word, open: word, lang: word, full: word }), word, (said, other) => {
        const joined = joinSayings(`x=${other}`, said);
        expect(splitSayings(joined)).toEqual({ said, others: `x=${other}` });
      }),
    );
  });
});
