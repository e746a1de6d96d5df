/** Why is something not listed? The chain from this node's agent to an answering service, link by link, as it is now. */

import { readTag, TAG_NAME, type Tag } from '../announcement/tag-read.js';
import { nearest } from '../lib/nearest.js';
import { inSlices } from '../lib/slices.js';
import { cleanText } from '../lib/text.js';
import { PanelError } from '../model/errors.js';
import { providerId } from '../model/provider.js';
import type { Panel } from '../panel/contract.js';
import type { SerfRpc } from '../serf/client.js';
import type { Member } from '../serf/member.js';
import type { Params, Words } from './i18n.js';
import { rowModel, type Verdict } from './row.js';
import { titleOf } from './service.js';

/** In their order, each with what may be said of it: the keys of the texts. */
export const LINKS = {
  agent: ['yes', 'no', 'demo'],
  joined: ['yes', 'no'],
  member: ['yes', 'missing', 'failed', 'left'],
  tag: ['yes', 'no'],
  readable: ['yes', 'some', 'empty', 'no'],
  type: ['yes', 'no', 'any'],
  allowed: ['yes', 'no', 'soon'],
  answers: ['yes', 'no', 'open', 'never'],
} as const;
type Link = keyof typeof LINKS;
type Say<Of extends Link> = (typeof LINKS)[Of][number];
const ORDER = Object.keys(LINKS) as Link[];

export interface Step {
  readonly id: Link;
  readonly state: 'yes' | 'no' | 'unknown';
  /** The question, what was found, and what to do next (empty where nothing). */
  readonly label: string;
  readonly text: string;
  readonly todo: string;
  /** What there is to count, and where it is listed: an address within the panel. */
  readonly counts: readonly { readonly text: string; readonly path: string }[];
}

export interface Asked {
  /** Name, host or address of a node; empty = this one. */
  readonly node: string;
  /** Wire word; empty = any. */
  readonly type: string;
}

/** What the agent says at this moment. */
interface Serf {
  readonly self: string;
  readonly members: readonly Member[];
}

/** Comparing letter by letter a thousand names of up to 128 would hold up everything else; characters. */
const LONGEST_NAME = 32;
/** Whoever asks again so soon gets the same: the list of a large community is some work for its agent, ms. */
const FRESH_MS = 2_000;

const lately = new WeakMap<SerfRpc, { readonly at: number; readonly serf: Promise<Serf> }>();

/** @throws PanelError serf-away, serf-refused */
function heard(client: SerfRpc): Promise<Serf> {
  const known = lately.get(client);
  if (known && performance.now() - known.at < FRESH_MS) return known.serf;
  const serf = Promise.all([client.stats(), client.members()]).then(([stats, members]) => ({
    self: stats.get('agent')?.get('name') ?? '',
    members,
  }));
  lately.set(client, { at: performance.now(), serf });
  return serf;
}

/** A link that holds hands on what it found; the first that does not ends the walk. */
type Found<T> = { readonly step: Step; readonly value: T | null };

/** Every link in order; those behind the first that does not hold are not looked at. */
export async function chainOf(panel: Panel, words: Words, asked: Asked): Promise<Step[]> {
  const walk = new Walk(panel, words, asked);
  const done = await walk.steps();
  const rest = ORDER.slice(done.length).map((id) => walk.step(id, 'unknown', null));
  return [...done, ...rest];
}

class Walk {
  readonly #panel: Panel;
  /** Name of the source that follows the agent. */
  readonly #source: string;
  readonly #words: Words;
  readonly #asked: Asked;

  constructor(panel: Panel, words: Words, { node, type }: Asked) {
    this.#panel = panel;
    this.#source = panel.discovery.agent()?.name ?? '';
    this.#words = words;
    this.#asked = { node: cleanText(node), type: cleanText(type) };
  }

  async steps(): Promise<Step[]> {
    const done: Step[] = [];
    const next = <T>({ step, value }: Found<T>): T | null => {
      done.push(step);
      return value;
    };
    const serf = next(await this.#agent());
    const joined = serf && next(this.#joined(serf));
    const member = joined && next(await this.#member(joined));
    const text = member && next(this.#tag(member));
    const tag = text && next(this.#readable(text, cleanText(member.name)));
    const ids = tag && next(this.#type(tag));
    const allowed = ids && next(this.#allowed(ids));
    if (allowed) next(await this.#answers(allowed));
    return done;
  }

  /**
   * @param say null = the link was not looked at
   * @param todo what to do next, where the text of the same name does not say it
   */
  step<Of extends Link>(id: Of, state: Step['state'], say: Say<Of> | null, params: Params = {}, todo?: string): Step {
    const { t, has } = this.#words;
    const key = say === null ? 'chain.unasked' : `chain.${id}.${say}`;
    const after = todo ?? (has(`${key}.todo`) ? t(`${key}.todo`, params) : '');
    return { id, state, label: t(`chain.${id}`), text: t(key, params), todo: after, counts: [] };
  }

  async #agent(): Promise<Found<Serf>> {
    if (this.#panel.demo) return { step: this.step('agent', 'unknown', 'demo'), value: null };
    try {
      const client = this.#panel.discovery.serfClient();
      return { step: this.step('agent', 'yes', 'yes'), value: await heard(client) };
    } catch (error) {
      if (!(error instanceof PanelError)) throw error;
      const { t } = this.#words;
      const step = this.step('agent', 'no', 'no', { error: t(`error.${error.code}`) }, t(`error.${error.code}.hint`));
      return { step, value: null };
    }
  }

  #joined(serf: Serf): Found<Serf> {
    const count = serf.members.filter(({ status }) => status === 'alive').length;
    if (count < 2) return { step: this.step('joined', 'no', 'no'), value: null };
    return { step: this.step('joined', 'yes', 'yes', { count }), value: serf };
  }

  async #member({ self, members }: Serf): Promise<Found<Member>> {
    const { node } = this.#asked;
    const wanted = node === '' ? self : node;
    const found = await this.#named(members, wanted);
    if (!found) {
      const names = members.map(({ name }) => cleanText(name)).filter(({ length }) => length <= LONGEST_NAME);
      const near = nearest(wanted.slice(0, LONGEST_NAME), names);
      const todo = near && this.#words.t('chain.member.near', { near });
      return { step: this.step('member', 'no', 'missing', { node: wanted }, todo), value: null };
    }
    const name = cleanText(found.name);
    if (found.status === 'alive') {
      const params = { node: name, address: found.address ?? '–' };
      return { step: this.step('member', 'yes', 'yes', params), value: found };
    }
    const say = found.status === 'failed' ? 'failed' : 'left';
    return { step: this.step('member', 'no', say, { node: name }), value: null };
  }

  /** By its name, its address, or a host that it announces; an alive one before one that is not. */
  async #named(members: readonly Member[], wanted: string): Promise<Member | undefined> {
    const word = wanted.toLowerCase();
    const is = (text: string | null) => text !== null && cleanText(text).toLowerCase() === word;
    const sorted = members.toSorted((a, b) => Number(b.status === 'alive') - Number(a.status === 'alive'));
    const known = sorted.find(({ name }) => is(name)) ?? sorted.find(({ address }) => is(address));
    if (known) return known;
    // To decode all tags anew for every question would hold up everything else: only those who left are kept nowhere.
    const announced = this.#panel.discovery.announcements(this.#source).filter(({ host }) => is(host));
    const nodes = new Set(announced.map(({ node }) => node));
    let found = sorted.find(({ name }) => nodes.has(cleanText(name)));
    await inSlices(found ? [] : sorted.filter(({ status }) => status === 'left'), (member) => {
      const { entries } = readTag(member.tags.get(TAG_NAME) ?? '');
      if (entries.some(({ host }) => is(host))) found ??= member;
    });
    return found;
  }

  #tag({ tags }: Member): Found<string> {
    const text = tags.get(TAG_NAME);
    if (!text) return { step: this.step('tag', 'no', 'no'), value: null };
    return { step: this.step('tag', 'yes', 'yes'), value: text };
  }

  #readable(text: string, node: string): Found<Tag> {
    const tag = readTag(text);
    const skipped = Object.entries(tag.skipped);
    if (tag.entries.length === 0) {
      const step = this.step('readable', 'no', skipped.length === 0 ? 'empty' : 'no');
      return { step: { ...step, counts: this.#skipped(skipped, node) }, value: null };
    }
    const step = this.step('readable', 'yes', skipped.length === 0 ? 'yes' : 'some');
    const read = {
      text: this.#words.t('chain.services', { count: tag.entries.length }),
      path: `help/heard?${new URLSearchParams({ source: this.#source, node })}`,
    };
    return { step: { ...step, counts: [read, ...this.#skipped(skipped, node)] }, value: tag };
  }

  #skipped(counts: readonly (readonly [reason: string, count: number])[], node: string): Step['counts'] {
    const { t, has } = this.#words;
    return counts.map(([reason, count]) => ({
      text: `${t('source.skipped', { count })}: ${has(`skipped.${reason}`) ? t(`skipped.${reason}`) : reason}`,
      path: `help/skipped?${new URLSearchParams({ source: this.#source, reason, node })}`,
    }));
  }

  /** Hands on the ids of the node's providers of the type. */
  #type({ entries }: Tag): Found<readonly string[]> {
    const { type } = this.#asked;
    const words = [...new Set(entries.map((entry) => entry.type))];
    const types = words.join(', ');
    const ids = entries.filter((entry) => entry.type === type).map(providerId);
    if (type === '') return { step: this.step('type', 'unknown', 'any', { types }), value: null };
    if (ids.length === 0)
      return { step: this.step('type', 'no', 'no', { type, types }, this.#meant(type, words)), value: null };
    return { step: this.step('type', 'yes', 'yes', { type }), value: ids };
  }

  /** Which of the announced words the one asked for may stand for: it is part of that word, or of what the service is called. */
  #meant(asked: string, announced: readonly string[]): string | undefined {
    const names = announced.map((near) => ({ near, title: titleOf(this.#panel.services.of(near), near, this.#words) }));
    const part = asked.toLowerCase();
    const meant = names.find(({ near, title }) => [near, title].some((name) => name.toLowerCase().includes(part)));
    return meant && this.#words.t('chain.type.near', meant);
  }

  #allowed(ids: readonly string[]): Found<readonly string[]> {
    const listed = ids.flatMap((id) => this.#panel.discovery.find(id) ?? []);
    if (listed.length === 0) return { step: this.step('allowed', 'unknown', 'soon'), value: null };
    const open = listed.filter(({ barred }) => barred === null);
    const [{ address, barred }] = listed as [(typeof listed)[number]];
    if (open.length === 0) {
      const params = { address, reason: this.#words.t(`reason.${barred}`) };
      return { step: this.step('allowed', 'no', 'no', params), value: null };
    }
    return { step: this.step('allowed', 'yes', 'yes', { address }), value: open.map(({ id }) => id) };
  }

  async #answers(ids: readonly string[]): Promise<Found<true>> {
    const { ranked, type } = await this.#panel.type(this.#asked.type);
    const best = ranked.find(({ provider }) => ids.includes(provider.id));
    if (!best) return { step: this.step('answers', 'unknown', 'never'), value: null };
    const { verdict, verdictText, measuredAt } = rowModel(best, type, this.#words);
    const say = SAYS[verdict];
    const state = say === 'yes' || say === 'no' ? say : 'unknown';
    const time = measuredAt === null ? '' : this.#words.date(Date.parse(measuredAt));
    return { step: this.step('answers', state, say, { found: verdictText, time }), value: true };
  }
}

const SAYS: Readonly<Record<Verdict, 'yes' | 'no' | 'open' | 'never'>> = {
  good: 'yes',
  weak: 'yes',
  unproven: 'yes',
  unchecked: 'open',
  failed: 'no',
  barred: 'never',
  new: 'never',
};
