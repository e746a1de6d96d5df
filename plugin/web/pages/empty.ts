/** Why nothing is listed: the first thing that is missing, so that the page can say what to do about it. */
import { type Config, SERF_RPC } from '../../config/index.js';
import { joinHostPort } from '../../lib/address.js';
import { PanelError } from '../../model/errors.js';
import { knownPeers } from '../../node/peers.js';
import type { Store } from '../../store/index.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';

/**
 * `away`: no Serf agent answers. `alone`: it runs, and knows nobody but itself. `quiet`: there are others, and none of
 * them announces it.
 */
export const NOTHINGS = ['away', 'alone', 'quiet'] as const;
type Nothing = (typeof NOTHINGS)[number];

/** The page must not wait for an agent that hangs, ms. */
const LIMIT_MS = 500;

/** Whether the Serf agent knows nobody but itself. @throws PanelError serf-away, serf-refused */
export async function isAlone({ discovery }: Pick<Web['panel'], 'discovery'>): Promise<boolean> {
  return (await discovery.serfClient().stats(LIMIT_MS)).get('serf')?.get('members') === '1';
}

export async function whyNothing({ panel }: Web): Promise<Nothing> {
  if (panel.demo) return 'quiet';
  const agent = panel.discovery.agent();
  if (agent && agent.state !== 'up') return 'away';
  // Whoever announces anything is somebody.
  if (!agent || panel.discovery.providers().some(({ self }) => !self)) return 'quiet';
  try {
    return (await isAlone(panel)) ? 'alone' : 'quiet';
  } catch (error) {
    if (error instanceof PanelError) return 'away';
    throw error;
  }
}

/**
 * What the page of an empty list needs; null where it is not empty.
 * @param word the type that has no provider; without it, there is none of any type
 */
export async function nothingModel(web: Web, { words }: Visit, isEmpty: boolean, word?: string) {
  if (!isEmpty) return null;
  const why = await whyNothing(web);
  const key = why === 'quiet' && word !== undefined ? 'type.empty' : `nothing.${why}`;
  const knowsWhom = why === 'alone' && doorsOf(web.panel).length > 0;
  return {
    text: words.t(key),
    todo: words.t(knowsWhom ? 'nothing.alone.known' : `${key}.todo`),
    command: word !== undefined && why === 'quiet' ? null : commandFor(why, web.panel),
  };
}

interface Known {
  readonly config: Config;
  readonly store: { readonly settings: Pick<Store['settings'], 'get'> };
}

/** Through whom this node may join its community: whom its configuration names, and who was there before. */
export function doorsOf({ config, store }: Known): string[] {
  return [...new Set([...(config.serfJoin === null ? [] : [config.serfJoin]), ...knownPeers(store.settings)])];
}

/** What to type into a terminal of this node: it has to reach the same agent as the panel. */
export function commandFor(why: Nothing, panel: Known): string {
  if (why === 'away') return 'systemctl status serf';
  const { host, port } = panel.config.serfRpc;
  const at = joinHostPort(host, port);
  const agent = at === SERF_RPC ? '' : ` -rpc-addr=${at}`;
  return why === 'quiet' ? `serf members${agent}` : [`serf join${agent}`, ...doorsOf(panel)].join(' ');
}
