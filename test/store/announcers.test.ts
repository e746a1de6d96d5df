/** Who announced what since when: it outlives the panel, and stays bounded however many announce. */
import { describe, expect, it } from 'vitest';
import { DAY, freshPath, NOW, opened } from './made.js';

const claim = (announcer: string, provider: string, since = NOW) => ({ announcer, provider, since });

describe('the announcers', () => {
  it('survive a restart, each with its first moment', () => {
    const path = freshPath();
    opened(path).announcers.note([claim('a', 'p1', NOW - 5), claim('a', 'p2', NOW), claim('b', 'p1')], NOW);
    opened(path).announcers.note([claim('a', 'p1', NOW + 99)], NOW + DAY);
    const { announcers } = opened(path);
    expect(announcers.claim('p1', 'a')).toBe(NOW - 5);
    expect(announcers.announcer('a')).toBe(NOW - 5);
    expect([announcers.claim('p2', 'b'), announcers.announcer('c')]).toEqual([null, null]);
  });

  it('are deleted after a month of silence', () => {
    const { announcers } = opened(freshPath());
    announcers.note([claim('gone', 'p1'), claim('here', 'p1')], NOW);
    announcers.note([claim('here', 'p1')], NOW + 31 * DAY);
    expect([announcers.announcer('gone'), announcers.announcer('here')]).toEqual([null, NOW]);
  });

  it('stay bounded in a flood: today’s and the longest-known remain', () => {
    const { announcers } = opened(freshPath());
    const flood = (day: number) => Array.from({ length: 4_000 }, (_, nth) => claim(`${day}-${nth}`, 'p', NOW + day));
    announcers.note([claim('neighbour', 'p')], NOW);
    announcers.note(flood(1), NOW);
    announcers.note([claim('neighbour', 'p'), ...flood(2)], NOW + DAY);
    expect(announcers.announcer('neighbour')).toBe(NOW);
    const remaining = [1, 2].map((day) =>
      flood(day).filter(({ announcer }) => announcers.announcer(announcer) !== null),
    );
    expect(remaining.map(({ length }) => length)).toEqual([999, 4_000]);
  });
});
