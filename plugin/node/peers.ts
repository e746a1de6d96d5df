/** Neighbours through whose Serf this node can rejoin its community if its agent ever knows nobody. */
import { isJoinAddress } from '../config/values.js';
import type { Discovery } from '../discovery/index.js';
import { joinHostPort } from '../lib/address.js';
import { log } from '../lib/log.js';
import type { SettingStore } from '../store/tables/settings.js';

const SETTING = 'serf-peers';
/** One that still answers is enough: the others may have moved away by then. */
const MAX_PEERS = 5;

/** Their addresses, as `serf join` takes them. */
export function knownPeers(settings: Pick<SettingStore, 'get'>): string[] {
  return (settings.get(SETTING) ?? '').split(' ').filter(isJoinAddress);
}

/**
 * Keeps them up to date in the store: present neighbours replace absent ones. Where none is present, the old ones stay.
 * @returns stops it
 */
export function rememberPeers(
  discovery: Pick<Discovery, 'providers' | 'onChange'>,
  settings: Pick<SettingStore, 'get' | 'set'>,
): () => void {
  let stored = new Set(knownPeers(settings));
  const update = () => {
    const present = new Set(
      discovery
        .providers()
        .flatMap(({ gossip, self, stale }) =>
          gossip === null || self || stale ? [] : joinHostPort(gossip.address, gossip.port),
        ),
    );
    // Stored ones first: members come and go, and each replacement is a write.
    const all = [...[...stored].filter((peer) => present.has(peer)), ...present, ...stored];
    const peers = new Set([...new Set(all)].slice(0, MAX_PEERS));
    if ([...peers].every((peer) => stored.has(peer))) return;
    stored = peers;
    try {
      settings.set(SETTING, [...peers].join(' '));
    } catch (error) {
      log.error(error);
    }
  };
  update();
  return discovery.onChange(update);
}
