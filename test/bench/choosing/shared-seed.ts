/** A child that simulates the community of one seed, with and without sharing, and says what came of it. */
import { rank } from '../../../plugin/score/rank.js';
import { loadServices } from '../../../plugin/services/index.js';
import { argument, say } from '../child.js';
import { judge } from './judge.js';
import { decisionsOf, orderOf, timesAt } from './life.js';
import { PROVIDERS } from './panel.js';
import { ATTACKS, type Attack, SharedCommunity } from './shared-community.js';
import { PLACES, type SharedNode } from './shared-node.js';
import { DAY, FIRST_DECISION, HOUR, isWaking, LAST_DECISION, TABLE } from './table.js';
import { TASKS, type TaskName } from './tasks.js';
import { type Blow, World } from './world.js';

export type Variant = 'off' | 'on' | Attack;

/** One task of one seed. */
export interface SharedOutcome {
  /** Mean quality of what is recommended, of the users that are judged. */
  readonly quality: Readonly<Record<Variant, number>>;
  /** The same of user 0 alone, around whom the clique is. */
  readonly first: Readonly<Record<Variant, number>>;
  /** Of the first choice of somebody who has measured nothing: without neighbours, by coordinates alone. */
  readonly newcomer: Readonly<Record<Variant, number>>;
  readonly newcomerFirst: Readonly<Record<Variant, number>>;
  /** Until a dead one is left that nobody tells of, h. */
  readonly hours: Readonly<Record<'off' | 'on', number>>;
  /** Quality afterwards. */
  readonly dies: Readonly<Record<'off' | 'on', number>>;
  readonly moves: Readonly<Record<'off' | 'on', number>>;
  readonly changes: Readonly<Record<'off' | 'on', number>>;
}

export interface SharedSeed {
  readonly tasks: Readonly<Record<TaskName, SharedOutcome>>;
  /** Of asking, for each node and day: mean, and that of the node that asked for most. */
  readonly bytes: { readonly mean: number; readonly most: number };
  readonly questions: number;
  /** Looks that neighbours made a node take, for each day. */
  readonly looks: number;
}

interface Terms {
  readonly seed: number;
  /** Nodes that share, users that are judged, and what of. */
  readonly nodes?: number;
  readonly judged?: number;
  readonly attacks?: readonly Attack[];
  readonly events?: boolean;
}
const { seed, nodes = 16, judged = 3, attacks = ATTACKS, events = true } = argument<Terms>();
Object.assign(TABLE, { users: nodes });
const world = new World(seed);
const services = await loadServices();
const users = [...Array(judged).keys()];

type Lists = Readonly<Record<TaskName, number[][]>>;
const lists = (): Lists =>
  Object.fromEntries(TASKS.map((task) => [task, users.map((): number[] => [])])) as unknown as Lists;

interface Week {
  readonly community: SharedCommunity;
  /** By task, user and decision. */
  readonly chosen: Lists;
  readonly newcomers: Lists;
}

/** The choices of a week of decisions. */
async function week(variant: Variant): Promise<Week> {
  const attack = variant === 'off' || variant === 'on' ? null : variant;
  const community = new SharedCommunity({ world, seed, services, shares: variant !== 'off', attack, judged });
  const [chosen, newcomers] = [lists(), lists()];
  const moments = TASKS.flatMap((task) =>
    users.flatMap((user) => decisionsOf(community.settingOf(task, user)).map((at) => ({ task, user, at }))),
  ).sort((a, b) => a.at - b.at);
  for (const { task, user, at } of moments) {
    await community.until(at);
    const setting = community.settingOf(task, user);
    const times = timesAt(setting, at);
    const { panel } = (community.nodes[user] as SharedNode).keepers.get(task) ?? never();
    const order = orderOf(panel.rows(at));
    chosen[task][user]?.push(judge(panel.badge ?? 0, order, times).quality);
    const first = untried(await community.newcomer(user), task, setting.estimates);
    newcomers[task][user]?.push(judge(first[0] ?? 0, first, times).quality);
  }
  await community.until(LAST_DECISION);
  return { community, chosen, newcomers };
}

/** The list of somebody who has measured nothing. */
function untried({ hearing }: SharedNode, task: TaskName, estimates: readonly number[]): number[] {
  const expected = new Map(
    [...hearing.expected].flatMap(([id, value]) => {
      const place = PLACES.get(id);
      return place?.task === task ? [[PROVIDERS[place.index]?.id ?? '', value] as const] : [];
    }),
  );
  const guessed = new Map(PROVIDERS.map(({ id }, index) => [id, estimates[index] as number]));
  return orderOf(rank(PROVIDERS, new Map(), { estimates: guessed, expected }));
}

/** Hours after the event at which people choose. */
const MOMENTS = [4, 8, 12];
const MOST_HOURS = 48;
/** How exactly it is seen when it is left, h. */
const STEP_HOURS = 0.1;

interface Event {
  readonly hours: number | null;
  readonly quality: readonly number[];
}

/** What befalls the recommended provider of one user befalls it for all. */
async function strike(before: SharedCommunity, task: TaskName, user: number, blow: Blow): Promise<Event> {
  const from = LAST_DECISION + TABLE.events.at * HOUR;
  const badgeIn = (community: SharedCommunity) =>
    (community.nodes[user] as SharedNode).keepers.get(task)?.panel.badge ?? 0;
  const struck = { provider: badgeIn(before), blow, from };
  const after = before.fork({ task, struck });
  if (blow === 'moves') for (const node of after.nodes) node.keepers.get(task)?.panel.returned(struck.provider, from);
  const setting = after.settingOf(task, user);
  let hours: number | null = null;
  for (let hour = STEP_HOURS; blow === 'dies' && hours === null && hour <= MOST_HOURS; hour += STEP_HOURS) {
    await after.until(from + hour * HOUR);
    if (badgeIn(after) !== struck.provider) hours = hour;
  }
  const quality: number[] = [];
  for (const at of MOMENTS.map((hour) => from + hour * HOUR).filter(isWaking)) {
    if (at < after.now) continue;
    await after.until(at);
    quality.push(judge(badgeIn(after), [...PROVIDERS.keys()], timesAt(setting, at, struck)).quality);
  }
  return { hours: blow === 'dies' ? (hours ?? MOST_HOURS) : null, quality };
}

async function befallen(community: SharedCommunity) {
  await community.until(LAST_DECISION + TABLE.events.at * HOUR);
  const result = {} as Record<TaskName, { hours: number; dies: number; moves: number }>;
  for (const task of TASKS) {
    const [dies, moves]: [Event[], Event[]] = [[], []];
    for (const user of events ? users : []) {
      dies.push(await strike(community, task, user, 'dies'));
      moves.push(await strike(community, task, user, 'moves'));
    }
    result[task] = {
      hours: mean(dies.map(({ hours }) => hours ?? 0)),
      dies: mean(dies.flatMap(({ quality }) => quality)),
      moves: mean(moves.flatMap(({ quality }) => quality)),
    };
  }
  return result;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const never = (): never => {
  throw new Error('there is no such panel');
};

function costs({ nodes: all, now }: SharedCommunity): Omit<SharedSeed, 'tasks'> {
  const days = now / DAY;
  const bytes = all.map((node) => node.bytes / days);
  return {
    bytes: { mean: mean(bytes), most: bytes.reduce((most, one) => Math.max(most, one), 0) },
    questions: mean(all.map(({ questions }) => questions / days)),
    looks: mean(all.map(({ looks }) => looks / days)),
  };
}

const variants: readonly Variant[] = ['off', 'on', ...attacks];
const weeks = new Map<Variant, Week>();
for (const variant of variants) weeks.set(variant, await week(variant));
const weekOf = (variant: Variant) => weeks.get(variant) ?? never();
const spent = costs(weekOf('on').community);
const after = { off: await befallen(weekOf('off').community), on: await befallen(weekOf('on').community) };

function outcome(task: TaskName): SharedOutcome {
  const of = (what: 'chosen' | 'newcomers', count: number) =>
    Object.fromEntries(
      variants.map((variant) => [variant, mean(weekOf(variant)[what][task].slice(0, count).flat())]),
    ) as Record<Variant, number>;
  const changes = (variant: Variant) =>
    mean(
      users.map((user) => {
        const keeper = weekOf(variant).community.nodes[user]?.keepers.get(task);
        return keeper?.changes.filter((at) => at >= FIRST_DECISION && at < LAST_DECISION).length ?? 0;
      }),
    );
  const both = (key: 'hours' | 'dies' | 'moves') => ({ off: after.off[task][key], on: after.on[task][key] });
  return {
    ...{ quality: of('chosen', judged), first: of('chosen', 1) },
    ...{ newcomer: of('newcomers', judged), newcomerFirst: of('newcomers', 1) },
    ...{ hours: both('hours'), dies: both('dies'), moves: both('moves') },
    changes: { off: changes('off'), on: changes('on') },
  };
}

say({ tasks: Object.fromEntries(TASKS.map((task) => [task, outcome(task)])), ...spent });
