/** This node's document: made when somebody asks for it, and the same for everybody for a while. */
import type { KeyObject } from 'node:crypto';
import { hostname } from 'node:os';
import type { Discovery } from '../discovery/index.js';
import { cleanText } from '../lib/text.js';
import { MINUTE_MS } from '../lib/time.js';
import { makeDocument, type OpinionRow } from './document.js';
import { type FirstHandDeps, firstHand } from './first-hand.js';
import { readInfrastructure } from './infrastructure.js';

/** So long it is the same, ms. */
const FRESH_MS = 10 * MINUTE_MS;
/** An agent on this machine answers at once or hangs, ms. */
const AGENT_LIMIT_MS = 1_500;

export interface OwnDocumentDeps extends FirstHandDeps {
  readonly discovery: Pick<Discovery, 'words' | 'serfClient' | 'ready'>;
  readonly dataDir: string;
  /** ms, by a clock that nobody sets. */
  readonly steady: () => number;
}

interface Made {
  readonly text: string;
  readonly rows: readonly OpinionRow[];
}

export class OwnDocument {
  readonly #deps: OwnDocumentDeps;
  readonly #key: KeyObject;
  #made: { readonly at: number; readonly stars: boolean; readonly document: Promise<Made> } | null = null;
  /** Of the last one, s since the epoch: the next one is later, even if the clock was set back. */
  #at = 0;

  constructor(deps: OwnDocumentDeps, key: KeyObject) {
    this.#deps = deps;
    this.#key = key;
  }

  /** @param stars whether the owner's are in it */
  current(stars: boolean): Promise<Made> {
    const now = this.#deps.steady();
    const made = this.#made;
    if (made !== null && made.stars === stars && now - made.at < FRESH_MS) return made.document;
    const document = this.#make(stars);
    this.#made = { at: now, stars, document };
    // What went wrong is tried again.
    document.catch(() => {
      this.#made = null;
    });
    return document;
  }

  /** What has just been measured is told to the next that asks. */
  renew(): void {
    this.#made = null;
  }

  async #make(stars: boolean): Promise<Made> {
    const { now, dataDir, discovery } = this.#deps;
    // Just after the start the list is empty, and would be told for a while.
    await discovery.ready();
    const [rows, infrastructure, node] = await Promise.all([
      firstHand(this.#deps, stars),
      readInfrastructure(dataDir),
      ownName(discovery),
    ]);
    this.#at = Math.max(this.#at + 1, Math.floor(now() / 1_000));
    return { rows, text: makeDocument({ node, at: this.#at, infrastructure, rows }, this.#key) };
  }
}

/** As neighbours know this node: its name in Serf, else that of the machine. */
export async function ownName(discovery: Pick<Discovery, 'serfClient'>): Promise<string> {
  try {
    const stats = await discovery.serfClient().stats(AGENT_LIMIT_MS);
    return cleanText(stats.get('agent')?.get('name')) || hostname();
  } catch {
    return hostname();
  }
}
