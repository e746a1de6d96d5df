/**
 * What the API answers, as JSON Schema 2020-12. The compiler checks each shape against the type that its handler returns: a
 * field more or less does not compile. Closed lists of words come from where they are defined.
 */

import { PEER_PROBLEMS } from '../../community/judge.js';
import { ERROR_CODES } from '../../model/errors.js';
import type { Job } from '../../model/job.js';
import { FAILURES, UNSCORED } from '../../model/level.js';
import { type OwnUnit, VERBS } from '../../model/unit.js';
import { LAN_STATES, type LanService } from '../../node/announce/lan.js';
import { WITHDRAWALS } from '../../node/announce/publisher.js';
import { ADDRESS_TROUBLES, PORT_TROUBLES } from '../../node/announce/troubles.js';
import { CONTAINERS, HOSTS, type Layer, MACHINES } from '../../node/layer.js';
import type { Own, OwnView } from '../../node/own-service.js';
import type { HeardModel } from '../../present/community/heard.js';
import type { HoleModel } from '../../present/provider.js';
import type { RowModel } from '../../present/row.js';
import { LEADS } from '../../present/service/reason.js';
import type { routingModel, WayModel } from '../../present/service/way.js';
import type { ServiceModel } from '../../present/service.js';
import { GRADES, SCALES } from '../../routing/index.js';
import { DEVICES } from '../../services/contract.js';
import { ACTIONS, ACTORS } from '../../store/tables/events.js';
import type { EventModel } from '../pages/events.js';
import type { load as nodeOffers } from '../pages/everywhere/node.js';
import type { load as found } from '../pages/everywhere/search.js';
import type { Scans } from '../pages/home/scans.js';
import type { services, turnBackground } from '../pages/home.js';
import type { preview } from '../pages/local-service.js';
import type { session } from '../pages/login.js';
import type { NotListed } from '../pages/not-listed.js';
import type { providerAnswer, saveOpinion } from '../pages/provider.js';
import type { sendTest, turnExchange } from '../pages/settings.js';
import type { SkippedGroup } from '../pages/skipped.js';
import type { comparison } from '../pages/type/compare.js';
import type { followed } from '../pages/type/follow.js';
import type { typeAnswer } from '../pages/type.js';
import type { accepted } from '../reply/job.js';
import { oneOf, ref, type Schema, text } from './operation.js';
import type { health, status } from './status.js';

type Answer<Handler extends (...args: never[]) => unknown> = Awaited<ReturnType<Handler>>;
type Fields<T> = { readonly [name in keyof T]-?: Schema };

const flag: Schema = { type: 'boolean' };
const whole: Schema = { type: 'integer', minimum: 0 };
const number: Schema = { type: 'number' };
const share: Schema = { type: 'number', minimum: 0, maximum: 1 };
const points: Schema = { type: 'number', minimum: 0, maximum: 100 };
const port: Schema = { type: ['integer', 'null'], minimum: 1, maximum: 65_535 };
const moment: Schema = { type: 'string', format: 'date-time' };
const textOrNull: Schema = { type: ['string', 'null'] };
const wholeOrNull: Schema = { type: ['integer', 'null'], minimum: 0 };
const numberOrNull: Schema = { type: ['number', 'null'] };
const list = (items: Schema): Schema => ({ type: 'array', items });
const map = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

/** An object with exactly these fields, of which only the optional ones may be missing. */
function shape<T>(properties: Fields<T>, optional: readonly (keyof T)[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name as keyof T));
  return { type: 'object', properties, required };
}

const error = shape<NonNullable<Job['error']>>({ code: { enum: ERROR_CODES }, message: text, hint: text });
/** A source has error codes of its own. */
const sourceError = shape<{ code: string; message: string; hint: string }>({ code: text, message: text, hint: text });
const reason = oneOf(...FAILURES, ...UNSCORED, null);
const verdict = oneOf('good', 'weak', 'unproven', 'unchecked', 'failed', 'barred', 'new');
const localState = oneOf('running', 'stopped', 'starting', 'stopping', 'failed', 'absent', 'unknown');
const unit = { unit: text, state: localState, enabled: flag };
/** The last two only where they are true. */
const ownUnit = shape<OwnUnit>({ ...unit, exited: flag, foreign: flag }, ['exited', 'foreign']);
const sourceState = oneOf('up', 'connecting', 'away', 'off');
/** Closed by the document, from the sources that the panel has. */
const sourceName = ref('SourceName');
const jobState = oneOf('running', 'done', 'failed', 'cancelled');
const jobKinds = ['scan', ...VERBS, 'publish', 'unpublish', 'connect'] as const satisfies readonly Job['kind'][];
const files = list(
  shape<Answer<typeof typeAnswer>['files'][number]>({
    name: text,
    label: text,
    hint: textOrNull,
    url: text,
    address: textOrNull,
    keep: textOrNull,
  }),
);

const service: Fields<ServiceModel> = {
  ...{ type: text, title: text, summary: text, known: flag, icon: text, builtin: flag },
  ...{ providers: whole, measured: whole, reachable: whole, works: whole },
  best: orNull(
    shape<NonNullable<ServiceModel['best']>>({
      ...{
        id: text,
        node: text,
        name: text,
        score: orNull(points),
        time: numberOrNull,
        timed: textOrNull,
        answers: orNull(share),
      },
      ...{ verdict, measuredAt: orNull(moment), answered: whole, tries: whole, missed: flag },
      ...{ lead: { enum: LEADS }, reason: text, against: textOrNull },
      next: orNull(
        shape<NonNullable<NonNullable<ServiceModel['best']>['next']>>({
          ...{ id: text, name: text, time: numberOrNull, answered: whole, tries: whole },
        }),
      ),
      leader: orNull(
        shape<NonNullable<NonNullable<ServiceModel['best']>['leader']>>({
          id: text,
          name: text,
          score: orNull(points),
        }),
      ),
    }),
  ),
  local: shape<ServiceModel['local']>({ ...unit, unit: textOrNull, published: flag, units: list(ownUnit) }),
  job: orNull(ref('Job')),
};

const row: Fields<RowModel> = {
  ...{ id: text, node: text, host: text, address: text, port, description: text, self: flag },
  declared: shape<RowModel['declared']>({
    ...{ by: text, since: textOrNull, open: oneOf('yes', 'ask', 'no', null), languages: list(text), full: flag },
  }),
  contradictions: list(shape<RowModel['contradictions'][number]>({ node: text, source: sourceName, attributes: text })),
  ...{ sources: list(sourceName), stale: flag, level: { enum: [0, 1, 2, 3, 4, 5] }, unproven: flag, reason },
  ...{ detail: textOrNull, confidence: oneOf('guess', 'fair', 'solid', null), recommended: flag },
  ...{ samples: whole, attempts: whole, failures: whole, facts: map(text), asGood: flag },
  ...{ pinned: flag, hidden: flag, reserve: flag },
  path: orNull(shape<NonNullable<RowModel['path']>>({ rtt: numberOrNull, jitter: numberOrNull, loss: numberOrNull })),
  rating: orNull(shape<NonNullable<RowModel['rating']>>({ count: whole, mean: number, points: number })),
  worse: orNull(
    shape<NonNullable<RowModel['worse']>>({ metric: text, since: orNull(moment), today: number, usual: number }),
  ),
  ...{ worseText: textOrNull, estimate: numberOrNull, reasonText: textOrNull, verdictText: text },
  confidenceText: textOrNull,
  verdict,
  ...{
    score: orNull(points),
    low: orNull(points),
    high: orNull(points),
    measuredAt: orNull(moment),
    heardAt: orNull(moment),
  },
  parts: list(
    shape<RowModel['parts'][number]>({
      ...{ metric: text, label: text, value: numberOrNull, unit: textOrNull, valueText: textOrNull },
      ...{ mark: orNull(share), weight: share, lost: number },
    }),
  ),
};

type FoundAnswer = Answer<typeof found>;
type NodeAnswer = Answer<typeof nodeOffers>;

const placedRow = shape<NodeAnswer['providers'][number]>({
  ...row,
  type: text,
  title: text,
  icon: text,
  community: text,
});
const nodeCount: Fields<FoundAnswer['nodes']['rows'][number]> = {
  ...{ node: text, self: flag, offers: whole, measured: whole, works: whole },
};
/** The first rows of all that match. */
const group = (rows: Schema): Schema => shape<FoundAnswer['nodes']>({ rows: list(rows), total: whole });

type TypeAnswer = Answer<typeof typeAnswer>;
type FollowedAnswer = Answer<typeof followed>;
type ComparisonAnswer = Answer<typeof comparison>;
type ComparisonMeasure = ComparisonAnswer['measures'][number];
type ProviderAnswer = Answer<typeof providerAnswer>;
type StatusAnswer = Answer<typeof status>;
type OwnPort = NonNullable<OwnView['port']>;
type Publication = NonNullable<OwnView['publication']>;
type Preview = Answer<typeof preview>;

const type: Fields<Omit<TypeAnswer, 'providers'>> = {
  ...service,
  ...{ scored: flag, link: flag, publishTxt: textOrNull, advice: textOrNull, files, follows: flag },
  found: shape<TypeAnswer['found']>({ total: whole, page: whole, pages: whole }),
  scan: shape<TypeAnswer['scan']>({ providers: whole, left: whole, packets: whole, bytes: whole, seconds: whole }),
  units: list(shape<TypeAnswer['units'][number]>({ unit: text, package: textOrNull })),
};
const beats = orNull(
  shape<NonNullable<TypeAnswer['providers'][number]['beats']>>({
    ...{ days: whole, good: whole, all: text, some: text, none: text },
  }),
);
const useStep = {
  type: 'object',
  properties: {
    ...{ kind: oneOf('link', 'copy', 'qr', 'note'), label: text, url: text, text, system: text },
    on: { ...oneOf(...DEVICES), description: 'The one device that it is for.' },
    holes: {
      ...list(shape<HoleModel>({ name: text, label: text, pattern: text })),
      description:
        'Parts that only the person knows: `<name>` in the text, to be replaced by what matches the pattern.',
    },
  },
  required: ['kind', 'label'],
};
const provider: Fields<ProviderAnswer> = {
  type: text,
  ...row,
  why: list(shape<ProviderAnswer['why'][number]>({ key: text, metric: textOrNull, points: { type: 'integer' }, text })),
  ...{
    community: text,
    languages: list(text),
    keyChanged: orNull(moment),
    use: list(useStep),
    connect: textOrNull,
    files,
    follows: flag,
  },
  scan: shape<ProviderAnswer['scan']>({ bytes: whole }),
  account: orNull(shape<NonNullable<ProviderAnswer['account']>>({ label: text, explanation: text, bytes: whole })),
  details: list(shape<ProviderAnswer['details'][number]>({ label: text, value: text })),
  nodeSays: textOrNull,
  route: orNull(
    shape<WayModel>({
      ...{ daemon: text, router: textOrNull, prefix: text, metric: numberOrNull, scale: oneOf(...SCALES) },
      ...{ hops: wholeOrNull, gateway: textOrNull, device: textOrNull, first: textOrNull, node: textOrNull },
      ...{ grade: oneOf(...GRADES, null), measured: oneOf(...GRADES, null), differs: flag },
      ...{ text, measuredText: textOrNull, differsText: textOrNull },
    }),
  ),
  heard: orNull(
    shape<HeardModel>({
      ...{ title: text, text },
      neighbours: list(
        shape<HeardModel['neighbours'][number]>({
          ...{ node: text, level: whole, looks: whole, lookedAt: moment, mark: wholeOrNull, answered: whole },
          ...{ stars: wholeOrNull, reaches: flag },
        }),
      ),
    }),
  ),
};

const JOB: Job = {
  ...{ id: 'V1StGXR8_Z5jdHi6', kind: 'scan', type: 'printer', provider: null, state: 'running', done: 3, total: 12 },
  ...{ startedAt: '2026-05-01T10:00:00.000Z', finishedAt: null, error: null, trying: [], leftMs: 8000, before: null },
  ...{ trying: ['e8c773b61de793ff8fa8cf35229289d4'], leftMs: 4_000, before: null },
};

const form = { description: text, port: text, attributes: text, community: text };
const entry = shape<Preview['entry']>({ s: text, d: text, m: text, i: text, p: text, e: text, t: text });

/** By the names under which the document refers to them. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Error: {
    ...shape<{ error: unknown }>({ error }),
    examples: [{ error: { code: 'login-required', message: 'What happened.', hint: 'What to do next.' } }],
  },
  SourceName: text,
  Job: {
    ...shape<Job>({
      ...{
        id: text,
        kind: oneOf(...jobKinds),
        type: text,
        provider: textOrNull,
        state: jobState,
        done: whole,
        total: whole,
      },
      ...{ startedAt: moment, finishedAt: orNull(moment), error: orNull(error) },
      ...{ trying: list(text), leftMs: wholeOrNull, before: textOrNull },
    }),
    examples: [JOB],
  },
  AlertTest: shape<Answer<typeof sendTest>>({ error: textOrNull }),
  Scans: shape<Scans>({
    jobs: list(ref('Job')),
    refused: list(shape<Scans['refused'][number]>({ type: text, error })),
  }),
  JobAnswer: shape<Answer<typeof accepted>>({ job: ref('Job') }),
  Source: shape<Answer<typeof services>['sources'][number]>(
    {
      name: sourceName,
      state: sourceState,
      error: sourceError,
      lastUp: orNull(moment),
      read: whole,
      skipped: map(whole),
    },
    ['error'],
  ),
  Services: shape<Answer<typeof services>>({ services: list(shape(service)), sources: list(ref('Source')) }),
  Type: shape<TypeAnswer>({
    ...type,
    providers: list(shape({ ...row, rank: wholeOrNull, apart: textOrNull, beats, rtt: numberOrNull })),
  }),
  Followed: shape<FollowedAnswer>({
    ...{ type: text, title: text, files, since: orNull(moment) },
    go: orNull(shape<NonNullable<FollowedAnswer['go']>>({ url: text, address: textOrNull })),
    providers: list(
      shape<FollowedAnswer['providers'][number]>({
        ...{ id: text, name: text, score: orNull(points), measuredAt: orNull(moment) },
      }),
    ),
  }),
  Comparison: shape<ComparisonAnswer>({
    type: text,
    providers: list(
      shape<ComparisonAnswer['providers'][number]>({
        ...{ id: text, name: text, verdict: row.verdict, score: orNull(points), recommended: flag },
        ...{ apart: textOrNull, measuredAt: orNull(moment) },
      }),
    ),
    measures: list(
      shape<ComparisonMeasure>({
        ...{ id: text, label: text, weight: orNull(share) },
        cells: list(
          shape<ComparisonMeasure['cells'][number]>({
            ...{ value: numberOrNull, text: textOrNull, lost: numberOrNull, best: flag },
          }),
        ),
      }),
    ),
  }),
  Provider: shape<ProviderAnswer>(provider),
  Found: shape<FoundAnswer>({
    q: text,
    types: group(
      shape<FoundAnswer['types']['rows'][number]>({ type: text, title: text, icon: text, providers: whole }),
    ),
    nodes: group(shape(nodeCount)),
    ...{ providers: group(placedRow), addresses: group(placedRow) },
  }),
  NodeOffers: shape<NodeAnswer>({
    ...nodeCount,
    ...{ addresses: list(text), hosts: list(text), communities: list(text), sources: list(sourceName) },
    providers: list(placedRow),
  }),
  Background: shape<StatusAnswer['background']>({
    ...{ on: flag, next: orNull(moment), spentToday: number, budget: number, waiting: textOrNull },
    ...{ limit: number, chosenBudget: numberOrNull, hours: shape({ from: whole, to: whole }) },
    last: orNull(shape({ type: text, provider: text, at: moment })),
  }),
  BackgroundAnswer: shape<Answer<typeof turnBackground>>({ background: ref('Background') }),
  Exchange: shape<Answer<typeof turnExchange>>({
    exchange: shape<Answer<typeof turnExchange>['exchange']>({
      ...{ on: flag, stars: flag, address: textOrNull, problem: textOrNull, tag: oneOf('set', 'none', 'full') },
      peers: list(
        shape<Answer<typeof turnExchange>['exchange']['peers'][number]>({
          ...{ id: text, name: text, askedAt: moment, rows: wholeOrNull, problem: oneOf(...PEER_PROBLEMS, null) },
        }),
      ),
    }),
  }),
  Status: shape<StatusAnswer>({
    ...{ version: text, demo: flag, sources: list(ref('Source')), background: ref('Background'), uptime: whole },
    routing: shape<ReturnType<typeof routingModel>>(
      {
        ...{ state: sourceState, daemon: textOrNull, place: textOrNull, routes: whole },
        ...{ lastUp: orNull(moment), error: sourceError },
      },
      ['error'],
    ),
    ...{ unkept: orNull(sourceError), doubtedClock: orNull(moment) },
  }),
  Health: shape<Answer<typeof health> & { reason: string }>(
    {
      ...{ ok: flag, reason: text, demo: flag },
      sources: list(shape({ name: sourceName, state: sourceState, error: sourceError }, ['error'])),
    },
    ['reason'],
  ),
  Node: shape({
    platform: shape({ hostname: text, distribution: text, release: text, kernel: text, arch: text }),
    memory: shape({ total: whole, available: whole, swapUsed: whole }),
    load: shape({ average: number, percent: number }),
    layer: shape<Layer>({
      ...{ container: oneOf(...CONTAINERS, null), machine: oneOf(...MACHINES, null), proxmox: flag, model: textOrNull },
      hosts: list(oneOf(...HOSTS)),
    }),
  }),
  Session: shape<Answer<typeof session>>({ role: oneOf('owner', 'reader', null), token: text }),
  Own: shape<OwnView>({
    units: list(ownUnit),
    port: orNull(
      shape<OwnPort>({
        port: whole,
        transports: list(
          shape<OwnPort['transports'][number]>({
            transport: oneOf('tcp', 'udp'),
            listening: oneOf('open', 'loopback', 'closed', null),
          }),
        ),
      }),
    ),
    publication: orNull(
      shape<Publication>({
        ...{ entry, unit: textOrNull, untold: flag, at: whole },
        withdrawn: orNull(shape({ at: whole, why: oneOf(...WITHDRAWALS) })),
      }),
    ),
    lan: oneOf(...LAN_STATES, 'off', null),
    announced: list(entry),
  }),
  Log: shape<Awaited<ReturnType<Own['log']>>>({ unit: text, lines: list(text) }),
  Preview: shape<Preview>({
    ...{ form: shape(form), entry, others: orNull(list(text)), bytes: wholeOrNull, limit: whole, fits: flag },
    replaces: textOrNull,
    troubles: list(
      shape<Record<'of' | 'why' | 'transport', unknown>>(
        {
          of: oneOf('address', 'port'),
          why: { enum: [...new Set([...ADDRESS_TROUBLES, ...PORT_TROUBLES])] },
          transport: oneOf('tcp', 'udp'),
        },
        ['transport'],
      ),
    ),
    lan: orNull(
      shape<LanService>(
        {
          ...{ name: text, type: text, port: whole, txt: list(text) },
          host: shape<NonNullable<LanService['host']>>({ name: text, address: text }),
        },
        ['host'],
      ),
    ),
  }),
  PublishForm: { type: 'object', properties: { ...form, replaces: text } },
  Opinion: shape<Answer<typeof saveOpinion>>({
    opinion: shape<Answer<typeof saveOpinion>['opinion']>({
      ...{
        pinned: flag,
        hidden: flag,
        reserve: flag,
        note: text,
        runBy: text,
        known: oneOf('yes', 'no', ''),
        language: text,
        help: text,
      },
      ...{ stars: { enum: [1, 2, 3, 4, 5, null] }, ratings: whole },
    }),
  }),
  Events: shape<{ events: readonly EventModel[] }>({
    events: list(
      shape<EventModel>({
        ...{ at: moment, by: oneOf(...ACTORS), name: text, what: oneOf(...jobKinds, 'cancel', ...ACTIONS), text },
        ...{ type: textOrNull, provider: textOrNull, providerName: textOrNull, result: jobState, job: textOrNull },
        count: { type: 'integer', minimum: 1 },
      }),
    ),
  }),
  Skipped: shape<{ skipped: readonly SkippedGroup[] }>({
    skipped: list(
      shape<SkippedGroup>({
        ...{ source: sourceName, reason: text, text, means: text, todo: text, count: whole },
        rows: list(shape<SkippedGroup['rows'][number]>({ node: textOrNull, type: textOrNull, heardAt: moment })),
      }),
    ),
  }),
  NotListed: shape<NotListed>({
    ...{ node: text, type: text },
    steps: list(
      shape<NotListed['steps'][number]>({
        ...{ id: text, state: oneOf('yes', 'no', 'unknown'), label: text, text, todo: text },
        counts: list(shape<NotListed['steps'][number]['counts'][number]>({ text, path: text })),
      }),
    ),
    listed: list(shape<NotListed['listed'][number]>({ id: text, type: text, name: text, sources: list(sourceName) })),
  }),
};
