/** Neighbours through whose Serf this node can come back into its community, should its agent ever know nobody. */
import { isJoinAddress } from '../config/values.js';
import type { Discovery } from '../discovery/index.js';
import { log } from '../lib/log.js';
import type { SettingStore } from '../store/tables/settings.js';

const SETTING = 'serf-peers';
/** One that still answers is enough: the others may have moved away by then. */
const MOST = 5;

/** Their addresses, as `serf join` takes them. */
export function knownPeers(settings: Pick<SettingStore, 'get'>): string[] {
  return (settings.get(SETTING) ?? '').split(' ').filter(isJoinAddress);
}

/**
 * Keeps them up to date, in the store: whoever is there takes the place of who is not. Where nobody is there any more, those
 * of before stay.
 * @returns the way to stop it
 */
export function rememberPeers(
  discovery: Pick<Discovery, 'providers' | 'onChange'>,
  settings: Pick<SettingStore, 'get' | 'set'>,
): () => void {
  let kept = new Set(knownPeers(settings));
  const look = () => {
    const there = new Set(
      discovery
        .providers()
        .flatMap(({ gossip, self, stale }) => (gossip === null || self || stale ? [] : joinAddressOf(gossip))),
    );
    // Those that are remembered first: what changes hands is written, and members come and go.
    const all = [...[...kept].filter((peer) => there.has(peer)), ...there, ...kept];
    const peers = new Set([...new Set(all)].slice(0, MOST));
    if ([...peers].every((peer) => kept.has(peer))) return;
    kept = peers;
    try {
      settings.set(SETTING, [...peers].join(' '));
    } catch (error) {
      log.error(error);
    }
  };
  look();
  return discovery.onChange(look);
}

const joinAddressOf = ({ address, port }: { readonly address: string; readonly port: number }) =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`;
