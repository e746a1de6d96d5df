/** A community of providers that misbehave, and a good one of each type: who they are, for the bench and its children. */
import { IDENTITIES } from '../../../plugin/demo/identity.js';
import type { Bad, Behaviour, Good } from '../../scan/bad.js';
import type { Told } from '../replay.js';

type Type = Good['good']['type'];
export type Neighbour = (Bad | Good) & { readonly type: Type };

const BY_TCP: readonly Type[] = ['owp', 'proxy3', 'snpservice', 'syncthing', 'tahoe-lafs', 'tincvpn'];
const BY_UDP: readonly Type[] = ['dnsservice', 'serf', 'peerstreamer'];
export const TYPES: readonly Type[] = [...BY_TCP, ...BY_UDP];
/** Of these there is a good one; an agent of Serf's is known by its name, which nobody here has. */
export const GOOD: readonly Type[] = TYPES.filter((type) => type !== 'serf');

const FLOODS: readonly Behaviour[] = ['floods with bytes', 'floods with headers', 'floods with a body'];
const QUICK: readonly Behaviour[] = [
  ...FLOODS,
  ...([
    'floods with interim answers',
    'floods once it is believed',
    'redirects elsewhere',
    'redirects to itself',
  ] as const),
  ...(['closes at once', 'resets', 'speaks another protocol', 'lies about lengths', 'answers with nothing'] as const),
];

interface Part {
  /** Of a thousand. */
  readonly share: number;
  readonly types: readonly Type[];
  readonly behaviours: readonly Behaviour[];
}

/** Those that keep a probe waiting for seconds are the fewest: else the bench would be nothing but waiting. */
const MIX: readonly Part[] = [
  { share: 840, types: BY_TCP, behaviours: QUICK },
  { share: 60, types: BY_UDP, behaviours: ['floods with bytes'] },
  { share: 70, types: TYPES, behaviours: ['hangs', 'drips a byte a second'] },
  { share: 30, types: BY_UDP, behaviours: ['lies about lengths', 'answers with nothing', 'floods with headers'] },
];

/** Of each type, beside a good one, so many that answer with hard work. */
const HARD_WORKERS = 20;

const PORT = 20_154;
const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

const addressOf = (index: number) => `127.80.${index >> 8}.${index & 255}`;
const good = GOOD.map((type) => ({ type, good: { type, behaves: 'serves' as const } }));

/** The good ones first, then those that answer with hard work. */
export function hardWorkers(): readonly Neighbour[] {
  const hard = TYPES.flatMap((type) =>
    Array.from({ length: HARD_WORKERS }, () => ({ type, behaves: 'answers with hard work' as const })),
  );
  return [...good, ...hard].map((one, index) => ({ ...one, address: addressOf(index + 1), port: PORT }));
}

/** The good ones first, then a thousand that are not. */
export function neighbours(): readonly Neighbour[] {
  const bad = MIX.flatMap(({ share, types, behaviours }) =>
    Array.from({ length: share }, (_, index) => ({
      type: pick(types, index),
      behaves: pick(behaviours, Math.floor(index / types.length)),
    })),
  );
  return [...good, ...bad].map((one, index) => ({ ...one, address: addressOf(index + 1), port: PORT }));
}

/** Where those that redirect send people: nobody listens. */
export const ELSEWHERE = { address: '127.80.250.1', port: PORT };

const { deviceId = '', tub = '' } = IDENTITIES[0] ?? {};
const TXT: Readonly<Partial<Record<Type, string>>> = {
  syncthing: `node_id=${deviceId}`,
  'tahoe-lafs': `node_id=${tub}`,
};

export const announced = ({ type, address, port }: Neighbour): Told => ({
  s: type,
  i: address,
  p: port,
  t: TXT[type] ?? '',
});
