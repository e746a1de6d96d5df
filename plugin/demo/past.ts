/**
 * The made-up past of the demo community: sixty days of tries, drawn from a seed, so that lists and charts show on the first
 * day what they show after two months. Every page of the demo says that it is made up.
 */
import { DAY_MS, dayName, dayOf, HOUR_MS, MINUTE_MS } from '../lib/time.js';
import type { Answered, Attempt, Unanswered } from '../model/attempt.js';
import { PATH_METHOD, PING_METHOD } from '../model/metric.js';
import { type Announcement, providerId } from '../model/provider.js';
import type { Sample } from '../model/sample.js';
import { toScore } from '../score/index.js';
import type { ServiceRegistry } from '../services/contract.js';
import type { DayRow, Past } from '../store/index.js';
import { SOFTWARE } from './answers/web.js';
import { type Community, type Member, type Node, nodeOf, type Story } from './community.js';
import { mulberry32 } from './path.js';

const DAYS = 60;
/** Tries of the last days are stored one by one, earlier ones as days. */
const WHOLE_DAYS = 8;
/** Hours of a day (UTC) at about which a provider is tried. */
const HOURS = [8, 12, 16, 20] as const;
/** The newest try is this old, ms. */
const AGE_MS = 40 * MINUTE_MS;
/** What is recommended rests on the tries of so many days. */
const SCORED_DAYS = 4;

const FAILURES: Partial<Record<Member['behaves'], Pick<Unanswered, 'level' | 'reason' | 'detail'>>> = {
  dead: { level: 1, reason: 'refused', detail: null },
  hangs: { level: 0, reason: 'timeout', detail: null },
  lies: { level: 2, reason: 'wrong-protocol', detail: null },
  impostor: { level: 3, reason: 'wrong-identity', detail: null },
  hijacks: { level: 3, reason: 'broken', detail: 'gives an address for names that do not exist' },
  empty: { level: 4, reason: 'broken', detail: 'nothing is being streamed' },
};
/** What one says that is out of order. */
const BREAKS: Partial<Record<Member['type'], string>> = {
  ...{ ntp: 'its own clock is not set', voip: 'SIP 503', owncloud: 'in maintenance' },
};
const SILENCE = { level: 0, reason: 'timeout', detail: null } as const;
const GONE = { level: 1, reason: 'refused', detail: null } as const;

/** Levels of those that serve, where it is not that of a service that proves what it is. */
const LEVELS: Partial<Record<Member['type'], Answered['level']>> = {
  ...{ owp: 3, proxy3: 3, snpservice: 3, tincvpn: 2, peerstreamer: 5 },
  ...{ ntp: 3, other: 2, owncloud: 3, voip: 3, web: 3 },
};
const FACTS: Partial<Record<Member['type'], Answered['facts']>> = {
  dnsservice: { zones: 'guifi.net', resolves: 'yes', recursion: 'yes', tcp: 'yes' },
  owp: { version: '2.5' },
  proxy3: { login: 'yes', software: 'squid/5.7', realm: 'guifi-proxy3 federated' },
  snpservice: { version: '0.2.3' },
  ntp: { stratum: '2' },
  owncloud: { software: SOFTWARE.cloud, folder: '/nextcloud' },
  voip: { call: 'good', software: SOFTWARE.exchange },
  web: { software: SOFTWARE.site },
};
/** Of those that know nothing of guifi.net. */
const GENERIC: Partial<Record<Member['type'], Answered['facts']>> = {
  dnsservice: { ...FACTS.dnsservice, zones: 'generic' },
  proxy3: { login: 'no', software: 'squid/5.7' },
};

type PastOf = Pick<Community, 'nodes' | 'members' | 'stories' | 'gossips'>;

/** @param announcements those of the members come first, in their order. @param now ms since the epoch */
export function demoPast(
  community: PastOf,
  announcements: readonly Announcement[],
  services: ServiceRegistry,
  now: number,
): Past {
  const tried = community.members.map((member, index) => ({
    member,
    tries: triesOf(scene(community, member, services), index, announcements, now),
  }));
  const days = tried.flatMap(({ member, tries }) => daysOf(member, tries, services));
  const since = now - WHOLE_DAYS * DAY_MS;
  return {
    attempts: tried.flatMap(({ tries }) => tries).filter(({ at }) => at >= since),
    days,
    own: Array.from({ length: DAYS }, (_, ago) => dayOf(now) - ago - 1),
    recommended: recommended(
      tried.map(({ tries }) => tries),
      services,
      now,
    ),
  };
}

/** A member and what its tries depend on. */
interface Scene {
  readonly member: Member;
  readonly place: Node;
  readonly story: Story;
  readonly pathMethod: string;
  readonly services: ServiceRegistry;
}

function scene(community: PastOf, member: Member, services: ServiceRegistry): Scene {
  const story = community.stories[member.node] ?? (() => 'works');
  const pathMethod = community.gossips ? PATH_METHOD : PING_METHOD;
  return { member, place: nodeOf(community, member.node), story, pathMethod, services };
}

function triesOf(scene: Scene, index: number, announcements: readonly Announcement[], now: number): Attempt[] {
  const { member, story } = scene;
  const random = mulberry32(index + 1);
  const provider = providerId(announcements[index] as Announcement);
  const tries: Attempt[] = [];
  for (let ago = DAYS; ago >= 0; ago--) {
    for (const hour of HOURS) {
      const drawn = (dayOf(now) - ago) * DAY_MS + hour * HOUR_MS + random() * HOUR_MS;
      const state = story(ago);
      const tried = draw(scene, state, random);
      if (state === 'unknown' || drawn > now - AGE_MS) continue;
      tries.push({ provider, type: member.type, at: Math.round(drawn), bytes: 1_500, ...tried });
    }
  }
  const last = draw(scene, story(0), random);
  return [...tries, { provider, type: member.type, at: now - AGE_MS, bytes: 1_500, ...last }];
}

type Tried =
  | Omit<Answered, 'provider' | 'type' | 'at' | 'bytes'>
  | Omit<Unanswered, 'provider' | 'type' | 'at' | 'bytes'>;

function draw(scene: Scene, state: ReturnType<Story>, random: () => number): Tried {
  const { member, place } = scene;
  const { type, behaves } = member;
  const luck = random();
  const failure = failureOf(member);
  if (failure && !(behaves === 'dead' && state === 'works')) return failure;
  if (state === 'fails') return behaves === 'dead' ? GONE : SILENCE;
  if (luck < place.loss * 0.6) return SILENCE;
  const samples = samplesOf(scene, state === 'slow' ? 5 : 1, random);
  const facts = (behaves === 'generic' ? GENERIC[type] : FACTS[type]) ?? {};
  return { reason: null, level: behaves === 'generic' || behaves === 'old' ? 3 : (LEVELS[type] ?? 4), samples, facts };
}

function failureOf({ type, behaves }: Member): (typeof FAILURES)[Member['behaves']] {
  // A silent web server has at least taken the connection.
  if (behaves === 'hangs' && type === 'web') return { level: 2, reason: 'timeout', detail: null };
  if (behaves !== 'breaks') return FAILURES[behaves];
  return { level: 3, reason: 'broken', detail: BREAKS[type] ?? 'HTTP 503' };
}

/** What each metric of the type would have shown over that path. */
function samplesOf({ member, place, pathMethod, services }: Scene, slower: number, random: () => number): Sample[] {
  const { delay, jitter, loss, width } = place;
  const rtt = Math.max(0.3, (delay + (random() * 2 - 1) * jitter) * slower);
  const values: Readonly<Record<string, number>> = {
    ...{ rtt, jitter: jitter * (0.5 + random()), width, loss: random() < loss ? 0.25 : 0, age: 2 },
    ...{ distance: 8 + rtt / 2, call: Math.max(0.6, 0.98 - rtt / 2_000 - loss) },
    ...{ answer: rtt * 1.3 + 0.5, ttfb: rtt * 2.1 + 1, handshake: rtt * 2 + 3 },
  };
  const metrics = services.of(member.type).metrics.filter(({ id }) => id !== 'answers' && id !== 'rtt');
  const own = metrics.map(({ id }) => ({ metric: id, value: values[id] ?? 1, method: 'demo' }));
  return [...own, { metric: 'rtt', value: rtt, method: pathMethod }];
}

function daysOf({ type }: Member, tries: readonly Attempt[], services: ServiceRegistry): Past['days'][number][] {
  const byDay = new Map<number, Attempt[]>();
  for (const attempt of tries) {
    const day = byDay.get(dayOf(attempt.at));
    if (day) day.push(attempt);
    else byDay.set(dayOf(attempt.at), [attempt]);
  }
  let before: readonly Attempt[] = [];
  return [...byDay].map(([day, attempts]) => {
    const last = attempts.at(-1) as Attempt;
    // Two days are enough for a likely score, and each one costs a start on a small machine.
    const { score } = toScore(services.of(type), [...before, ...attempts], last.at);
    before = attempts;
    return { type, provider: last.provider, ...summary(attempts), day: dayName(day), score };
  });
}

function summary(attempts: readonly Attempt[]): Pick<DayRow, 'attempts' | 'answered' | 'rtt' | 'answer'> {
  const answers = attempts.filter((attempt) => attempt.reason === null);
  const median = (...metrics: readonly string[]) => {
    const values = answers.flatMap(({ samples }) =>
      samples.filter(({ metric }) => metrics.includes(metric)).map(({ value }) => value),
    );
    return values.toSorted((a, b) => a - b)[values.length >> 1] ?? null;
  };
  const times = { rtt: median('rtt'), answer: median('answer', 'ttfb', 'handshake') };
  return { attempts: attempts.length, answered: answers.length, ...times };
}

/** The best of each type by its newest tries. */
function recommended(
  tried: readonly (readonly Attempt[])[],
  services: ServiceRegistry,
  now: number,
): ReadonlyMap<string, string> {
  const best = new Map<string, { readonly provider: string; readonly score: number }>();
  for (const tries of tried) {
    const recent = tries.filter(({ at }) => at > now - SCORED_DAYS * DAY_MS);
    const { type, provider } = recent[0] as Attempt;
    const score = toScore(services.of(type), recent, now).score ?? 0;
    if (score > (best.get(type)?.score ?? 0)) best.set(type, { provider, score });
  }
  return new Map([...best].map(([type, { provider }]) => [type, provider]));
}
