/** Why is something not listed? Checks each link from this node's agent to an answering service, as it is now. */

import { publicText } from '../announcement/secrets.js';
import { readTag, TAG_NAME, type Tag } from '../announcement/tag-read.js';
import { nearest } from '../lib/nearest.js';
import { cleanText } from '../lib/text.js';
import { PanelError } from '../model/errors.js';
import { providerId } from '../model/provider.js';
import type { Panel } from '../panel/contract.js';
import type { Member } from '../serf/member.js';
import { findMember, type Roster, readRoster } from '../serf/roster.js';
import type { Params, Words } from './i18n.js';
import { rowModel, type Verdict } from './row.js';
import { typeTitle } from './service.js';

/** In order, each with its possible findings: the keys of the texts. */
export const LINKS = {
  agent: ['yes', 'no', 'demo', 'off'],
  joined: ['yes', 'no'],
  member: ['yes', 'missing', 'failed', 'left'],
  tag: ['yes', 'no'],
  readable: ['yes', 'some', 'empty', 'no'],
  type: ['yes', 'no', 'any'],
  allowed: ['yes', 'no', 'soon'],
  answers: ['yes', 'no', 'open', 'never'],
} as const;
type Link = keyof typeof LINKS;
type Finding<L extends Link> = (typeof LINKS)[L][number];
const ORDER = Object.keys(LINKS) as Link[];

export interface Step {
  readonly id: Link;
  readonly state: 'yes' | 'no' | 'unknown';
  /** The question, the finding, and what to do next (empty where there is nothing to do). */
  readonly label: string;
  readonly text: string;
  readonly todo: string;
  /** What was counted, and the address within the panel that lists it. */
  readonly counts: readonly { readonly text: string; readonly path: string }[];
}

export interface Question {
  /** Name, host or address of a node; empty = this one. */
  readonly node: string;
  /** Wire word; empty = any. */
  readonly type: string;
}

/** Comparing a thousand names of up to 128 characters letter by letter would hold up everything else. */
const MAX_COMPARED_LENGTH = 32;
/** A link that holds passes its value to the next one; the first that does not ends the diagnosis. */
type Result<T> = { readonly step: Step; readonly value: T | null };

/** Every link in order; links behind the first that does not hold are not checked. */
export async function diagnose(panel: Panel, words: Words, question: Question): Promise<Step[]> {
  const diagnosis = new Diagnosis(panel, words, question);
  const done = await diagnosis.steps();
  const rest = ORDER.slice(done.length).map((id) => diagnosis.step(id, 'unknown', null));
  return [...done, ...rest];
}

class Diagnosis {
  readonly #panel: Panel;
  /** Name of the source that follows the agent. */
  readonly #source: string;
  readonly #words: Words;
  readonly #question: Question;

  constructor(panel: Panel, words: Words, { node, type }: Question) {
    this.#panel = panel;
    this.#source = panel.discovery.agent()?.name ?? '';
    this.#words = words;
    this.#question = { node: cleanText(node), type: cleanText(type) };
  }

  async steps(): Promise<Step[]> {
    const done: Step[] = [];
    const next = <T>({ step, value }: Result<T>): T | null => {
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
   * @param finding null = the link was not checked
   * @param todo what to do next, where the finding has no text for it
   */
  step<L extends Link>(
    id: L,
    state: Step['state'],
    finding: Finding<L> | null,
    params: Params = {},
    todo?: string,
  ): Step {
    const { t, has } = this.#words;
    const key = finding === null ? 'chain.unasked' : `chain.${id}.${finding}`;
    const next = todo ?? (has(`${key}.todo`) ? t(`${key}.todo`, params) : '');
    return { id, state, label: t(`chain.${id}`), text: t(key, params), todo: next, counts: [] };
  }

  async #agent(): Promise<Result<Roster>> {
    if (this.#panel.demo) return { step: this.step('agent', 'unknown', 'demo'), value: null };
    if (this.#panel.discovery.agent()?.state === 'off')
      return { step: this.step('agent', 'unknown', 'off'), value: null };
    try {
      const client = this.#panel.discovery.serfClient();
      return { step: this.step('agent', 'yes', 'yes'), value: await readRoster(client) };
    } catch (error) {
      if (!(error instanceof PanelError)) throw error;
      const { t } = this.#words;
      const step = this.step('agent', 'no', 'no', { error: t(`error.${error.code}`) }, t(`error.${error.code}.hint`));
      return { step, value: null };
    }
  }

  #joined(serf: Roster): Result<Roster> {
    const count = serf.members.filter(({ status }) => status === 'alive').length;
    if (count < 2) return { step: this.step('joined', 'no', 'no'), value: null };
    return { step: this.step('joined', 'yes', 'yes', { count }), value: serf };
  }

  async #member({ self, members }: Roster): Promise<Result<Member>> {
    const { node } = this.#question;
    const name = node === '' ? self : node;
    const found = await findMember(members, name, this.#panel.discovery.announcements(this.#source));
    if (!found) {
      const names = members.map(({ name }) => publicText(name)).filter(({ length }) => length <= MAX_COMPARED_LENGTH);
      const near = nearest(name.slice(0, MAX_COMPARED_LENGTH), names);
      const todo = near && this.#words.t('chain.member.near', { near });
      return { step: this.step('member', 'no', 'missing', { node: name }, todo), value: null };
    }
    const shown = publicText(found.name);
    if (found.status === 'alive') {
      const params = { node: shown, address: found.address ?? '–' };
      return { step: this.step('member', 'yes', 'yes', params), value: found };
    }
    const status = found.status === 'failed' ? 'failed' : 'left';
    return { step: this.step('member', 'no', status, { node: shown }), value: null };
  }

  #tag({ tags }: Member): Result<string> {
    const text = tags.get(TAG_NAME);
    if (!text) return { step: this.step('tag', 'no', 'no'), value: null };
    return { step: this.step('tag', 'yes', 'yes'), value: text };
  }

  #readable(text: string, node: string): Result<Tag> {
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

  /** Passes on the ids of the node's providers of the type. */
  #type({ entries }: Tag): Result<readonly string[]> {
    const { type } = this.#question;
    const announced = [...new Set(entries.map((entry) => entry.type))];
    const types = announced.join(', ');
    const ids = entries.filter((entry) => entry.type === type).map(providerId);
    if (type === '') return { step: this.step('type', 'unknown', 'any', { types }), value: null };
    if (ids.length === 0)
      return { step: this.step('type', 'no', 'no', { type, types }, this.#nearType(type, announced)), value: null };
    return { step: this.step('type', 'yes', 'yes', { type }), value: ids };
  }

  /** The announced type that may be meant: what was asked for is part of its id or its title. */
  #nearType(asked: string, announced: readonly string[]): string | undefined {
    const names = announced.map((near) => ({
      near,
      title: typeTitle(this.#panel.services.of(near), near, this.#words),
    }));
    const part = asked.toLowerCase();
    const meant = names.find(({ near, title }) => [near, title].some((name) => name.toLowerCase().includes(part)));
    return meant && this.#words.t('chain.type.near', meant);
  }

  #allowed(ids: readonly string[]): Result<readonly string[]> {
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

  async #answers(ids: readonly string[]): Promise<Result<true>> {
    const { ranked, type } = await this.#panel.type(this.#question.type);
    const best = ranked.find(({ provider }) => ids.includes(provider.id));
    if (!best) return { step: this.step('answers', 'unknown', 'never'), value: null };
    const { verdict, verdictText, measuredAt } = rowModel(best, type, this.#words);
    const finding = FINDINGS[verdict];
    const state = finding === 'yes' || finding === 'no' ? finding : 'unknown';
    const time = measuredAt === null ? '' : this.#words.date(Date.parse(measuredAt));
    return { step: this.step('answers', state, finding, { found: verdictText, time }), value: true };
  }
}

const FINDINGS: Readonly<Record<Verdict, Finding<'answers'>>> = {
  good: 'yes',
  weak: 'yes',
  unproven: 'yes',
  unchecked: 'open',
  failed: 'no',
  barred: 'never',
  new: 'never',
};
