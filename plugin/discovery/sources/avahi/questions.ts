/**
 * When a link is asked for what: in series with growing pauses while something is missing (RFC 6762 §5.2), and again
 * before what is known expires. No socket and no timer.
 */

import type { Question } from 'dns-packet';
import { smallest } from '../../../lib/extremes.js';
import { isAskable, type Kind, keyOf } from './record.js';

/** Questions in one packet: about 1,200 bytes, which no link has to split. */
const QUESTIONS_CAP = 24;

/** Pauses of a series of questions, ms: three times longer each time. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60 * 60_000;

/** Something that may be asked for. */
export interface Wanted {
  readonly question: Question & { readonly type: Kind };
  /** Many may answer, and further ones later: asked on even when there are answers. */
  readonly open: boolean;
}

/** A value that is known, and when to ask for it again so that it need not expire, ms, monotonic. */
export interface Refreshable {
  /** ms */
  readonly ttl: number;
  refreshAt: number;
}

/** The values known under a key. */
type Known = (key: string) => readonly Refreshable[];

export class Questions {
  readonly #known: Known;
  /** Series that run, by key. */
  readonly #series = new Map<string, { due: number; pause: number }>();

  constructor(known: Known) {
    this.#known = known;
  }

  /** The questions to send now, in one packet; those that find no room in it are due at the next call. */
  due(wanted: ReadonlyMap<string, Wanted>, now: number): Question[] {
    for (const key of this.#series.keys()) if (!wanted.has(key)) this.#series.delete(key);
    const due: { readonly key: string; readonly at: number; readonly question: Question }[] = [];
    for (const [key, one] of wanted) {
      const at = isAskable(one.question.name) ? this.#dueAt(key, one, now) : Infinity;
      if (at <= now) due.push({ key, at, question: one.question });
    }
    const sent = due.sort((a, b) => a.at - b.at).slice(0, QUESTIONS_CAP);
    for (const { key } of sent) this.#asked(key, now);
    return sent.map(({ question }) => question);
  }

  /** When to ask for it: as its series goes on, or before one of its values expires. */
  #dueAt(key: string, { question, open }: Wanted, now: number): number {
    const values = this.#known(key);
    const other = question.type === 'A' ? 'AAAA' : question.type === 'AAAA' ? 'A' : null;
    const answered = values.length > 0 || (other !== null && this.#known(keyOf(other, question.name)).length > 0);
    if (answered && !open) this.#series.delete(key);
    else if (!this.#series.has(key)) this.#series.set(key, { due: now, pause: FIRST_PAUSE });
    return smallest(
      values.map(({ refreshAt }) => refreshAt),
      this.#series.get(key)?.due,
    );
  }

  #asked(key: string, now: number): void {
    const series = this.#series.get(key);
    if (series && series.due <= now) {
      series.due = now + series.pause;
      series.pause = Math.min(series.pause * 3, LONGEST_PAUSE);
    }
    for (const kept of this.#known(key)) {
      if (kept.refreshAt <= now) kept.refreshAt = now + Math.max(kept.ttl * 0.05, FIRST_PAUSE);
    }
  }
}
