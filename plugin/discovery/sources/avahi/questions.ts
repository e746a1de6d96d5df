/**
 * When to ask a link for what: in series with growing pauses while something is missing (RFC 6762 §5.2), and again before a
 * known value expires. No socket, no timer.
 */

import { type Kind, recordKey } from './record.js';

/** Questions in one packet, and their bytes, which no link fragments. */
const QUESTIONS_CAP = 24;
const BYTES_CAP = 1_200;
/** Bytes of a question besides the text of its name: the name's first and last byte, type and class. */
const QUESTION_BYTES = 6;

/** Pauses between the questions of a series, ms: each three times the last. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60 * 60_000;

export interface Question {
  readonly type: Kind;
  readonly name: string;
}

/** Something that may be asked for. */
export interface Wanted {
  readonly question: Question;
  /** Many may answer, and more may come later: asked again even when there are answers. */
  readonly open: boolean;
}

/** A known value, and when to ask for it again before it expires. */
export interface Refreshable {
  /** ms */
  readonly ttl: number;
  /** ms, monotonic */
  refreshAt: number;
}

/** The values known under a key. */
type Known = (key: string) => ReadonlyMap<string, Refreshable>;

export class Questions {
  readonly #known: Known;
  /** Running series, by key. */
  readonly #series = new Map<string, { due: number; pause: number }>();

  constructor(known: Known) {
    this.#known = known;
  }

  /** The questions to send now, in one packet; those that do not fit are due at the next call. */
  due(wanted: ReadonlyMap<string, Wanted>, now: number): Question[] {
    for (const key of this.#series.keys()) if (!wanted.has(key)) this.#series.delete(key);
    const due: { readonly key: string; readonly at: number; readonly question: Question }[] = [];
    for (const [key, item] of wanted) {
      const at = this.#dueAt(key, item, now);
      if (at <= now) due.push({ key, at, question: item.question });
    }
    let bytes = 0;
    const fits = ({ question }: { readonly question: Question }) => {
      bytes += Buffer.byteLength(question.name) + QUESTION_BYTES;
      return bytes <= BYTES_CAP;
    };
    const sent = due
      .sort((a, b) => a.at - b.at)
      .slice(0, QUESTIONS_CAP)
      .filter(fits);
    for (const { key } of sent) this.#noteSent(key, now);
    return sent.map(({ question }) => question);
  }

  /** When to ask: at the next step of its series, or before one of its values expires. */
  #dueAt(key: string, { question, open }: Wanted, now: number): number {
    const values = this.#known(key);
    const other = question.type === 'A' ? 'AAAA' : question.type === 'AAAA' ? 'A' : null;
    const answered = values.size > 0 || (other !== null && this.#known(recordKey(other, question.name)).size > 0);
    if (answered && !open) this.#series.delete(key);
    else if (!this.#series.has(key)) this.#series.set(key, { due: now, pause: FIRST_PAUSE_MS });
    let at = this.#series.get(key)?.due ?? Infinity;
    for (const { refreshAt } of values.values()) at = Math.min(at, refreshAt);
    return at;
  }

  #noteSent(key: string, now: number): void {
    const series = this.#series.get(key);
    if (series && series.due <= now) {
      series.due = now + series.pause;
      series.pause = Math.min(series.pause * 3, MAX_PAUSE_MS);
    }
    for (const value of this.#known(key).values()) {
      if (value.refreshAt <= now) value.refreshAt = now + Math.max(value.ttl * 0.05, FIRST_PAUSE_MS);
    }
  }
}
