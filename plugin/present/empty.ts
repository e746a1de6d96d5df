/** Why a list is empty: the first thing that is missing, so that the page can say what to do about it. */
import { type Config, SERF_RPC } from '../config/index.js';
import { programCommand } from '../config/install.js';
import { joinHostPort } from '../lib/address.js';
import { PanelError } from '../model/errors.js';
import { knownPeers } from '../node/peers.js';
import type { Panel } from '../panel/contract.js';
import type { Store } from '../store/index.js';
import type { Words } from './i18n.js';
import { fillLine, toFields } from './use/index.js';

/**
 * `away`: no Serf agent answers. `alone`: the agent knows no other node. `quiet`: there are other nodes, and none of them
 * announces the service. `serfless`: this node hears its neighbours by other ways than Serf, and none announces it.
 */
export const EMPTY_REASONS = ['away', 'alone', 'quiet', 'serfless'] as const;
type EmptyReason = (typeof EMPTY_REASONS)[number];

/** The page must not wait for an agent that hangs, ms. */
const LIMIT_MS = 500;

/** Whether the Serf agent knows no other node. @throws PanelError serf-away, serf-refused */
export async function isAlone({ discovery }: Pick<Panel, 'discovery'>): Promise<boolean> {
  return (await discovery.serfClient().stats(LIMIT_MS)).get('serf')?.get('members') === '1';
}

export async function emptyReason(panel: Pick<Panel, 'demo' | 'discovery'>): Promise<EmptyReason> {
  if (panel.demo) return 'quiet';
  const agent = panel.discovery.agent();
  if (agent?.state === 'off') return 'serfless';
  if (agent && agent.state !== 'up') return 'away';
  // An announcement proves that there is another node.
  if (!agent || panel.discovery.providers().some(({ self }) => !self)) return 'quiet';
  try {
    return (await isAlone(panel)) ? 'alone' : 'quiet';
  } catch (error) {
    if (error instanceof PanelError) return 'away';
    throw error;
  }
}

/**
 * What the page of an empty list says.
 * @param typeId the type that has no provider; without it, no type has one
 */
export async function emptyModel(panel: Panel, words: Words, typeId?: string, query: unknown = {}) {
  const reason = await emptyReason(panel);
  const isOfType = typeId !== undefined && (reason === 'quiet' || reason === 'serfless');
  const key = isOfType ? 'type.empty' : `nothing.${reason}`;
  const canJoin = reason === 'alone' && joinAddresses(panel).length > 0;
  const command = isOfType ? '' : commandFor(reason, panel);
  const hole = { name: 'address', label: words.t('nothing.address'), pattern: ADDRESS };
  const fields = toFields(command.includes('<address>') ? [hole] : [], query);
  return {
    text: words.t(key),
    todo: words.t(canJoin ? 'nothing.alone.known' : `${key}.todo`),
    ...{ fields, command: command && fillLine(command, fields) },
  };
}

interface Peers {
  readonly config: Config;
  readonly store: { readonly settings: Pick<Store['settings'], 'get'> };
}

/** Addresses through which this node may join its community: the configured one, and those of earlier peers. */
export function joinAddresses({ config, store }: Peers): string[] {
  return [...new Set([...(config.serfJoin === null ? [] : [config.serfJoin]), ...knownPeers(store.settings)])];
}

/** What to type into a terminal of this node. The command must reach the same agent as the panel. */
export function commandFor(reason: EmptyReason, panel: Peers): string {
  if (reason === 'away') return 'systemctl status serf';
  if (reason === 'serfless') return `${programCommand()} doctor`;
  const { host, port } = panel.config.serfRpc;
  const address = joinHostPort(host, port);
  const agent = address === SERF_RPC ? '' : ` -rpc-addr=${address}`;
  const known = joinAddresses(panel);
  return reason === 'quiet'
    ? `serf members${agent}`
    : `serf join${agent} ${known.length > 0 ? known.join(' ') : '<address>'}`;
}

/** An address or name, with or without a port: nothing that a shell would take for more. */
const ADDRESS = '[A-Za-z0-9\\[][A-Za-z0-9.:\\]\\-]{0,250}';
