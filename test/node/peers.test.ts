/** The neighbours that this node stores, so that it can rejoin its community. */
import { describe, expect, it } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import { knownPeers, rememberPeers } from '../../plugin/node/peers.js';
import { openStore } from '../../plugin/store/index.js';

type Seen = Pick<Provider, 'gossip' | 'self' | 'stale'>;
const neighbour = (nth: number, change: Partial<Seen> = {}): Seen => ({
  ...{ gossip: { address: `10.0.0.${nth}`, port: 5000 }, self: false, stale: false },
  ...change,
});
const neighbours = (...nths: number[]) => nths.map((nth) => neighbour(nth));
const peers = (...nths: number[]) => nths.map((nth) => `10.0.0.${nth}:5000`);

/** A community that changes at command, and what is written of it. */
function community(stored?: string) {
  const { settings } = openStore(':memory:');
  if (stored !== undefined) settings.set('serf-peers', stored);
  let all: readonly Seen[] = [];
  let listener: (() => void) | null = null;
  let writes = 0;
  const counting = {
    get: settings.get,
    set: (name: string, value: string | null) => {
      writes++;
      settings.set(name, value);
    },
  };
  const discovery = {
    providers: () => all as Provider[],
    onChange: (onChange: () => void) => {
      listener = onChange;
      return () => {
        listener = null;
      };
    },
  };
  const become = (now: readonly Seen[]) => {
    all = now;
    listener?.();
  };
  const forget = rememberPeers(discovery, counting);
  return { settings: counting, become, forget, known: () => knownPeers(settings), writes: () => writes };
}

describe('this node stores', () => {
  it('at most five gossiping neighbours, each once', () => {
    const { become, known } = community();
    become([neighbour(1), ...neighbours(1, 2, 3, 4, 5, 6, 7)]);
    expect(known()).toEqual(peers(1, 2, 3, 4, 5));
  });

  it('neither itself, nor lost neighbours, nor those that do not gossip', () => {
    const { become, known } = community();
    become([neighbour(1, { self: true }), neighbour(2, { stale: true }), neighbour(3, { gossip: null }), neighbour(4)]);
    expect(known()).toEqual(peers(4));
  });

  it('the previous ones where nobody is present any more', () => {
    const { become, known } = community();
    become(neighbours(1, 2));
    become([]);
    expect(known()).toEqual(peers(1, 2));
  });

  it('present neighbours rather than absent ones, and writes only on a change', () => {
    const { become, known, writes } = community();
    become(neighbours(1, 2, 3, 4, 5));
    become(neighbours(5, 4, 3, 2, 1, 6));
    become(neighbours(2, 3, 4, 5));
    expect([known(), writes()]).toEqual([peers(1, 2, 3, 4, 5), 1]);
    become(neighbours(2, 3, 4, 5, 6));
    expect([known(), writes()]).toEqual([peers(2, 3, 4, 5, 6), 2]);
  });

  it('IPv6 addresses as `serf join` takes them', () => {
    const { become, known } = community();
    become([neighbour(1, { gossip: { address: 'fd00::7', port: 7946 } })]);
    expect(known()).toEqual(['[fd00::7]:7946']);
  });

  it('only addresses, whatever the file holds', () => {
    expect(community('10.0.0.1:5000 $(reboot) -rpc-addr=x 10.0.0.2:5000').known()).toEqual(peers(1, 2));
  });

  it('those present at the start, and nobody after the end', () => {
    const { settings } = openStore(':memory:');
    const providers = () => neighbours(1) as Provider[];
    rememberPeers({ providers, onChange: () => () => {} }, settings);
    expect(knownPeers(settings)).toEqual(peers(1));
    const { become, forget, known } = community();
    forget();
    become(neighbours(1));
    expect(known()).toEqual([]);
  });

  it('again as soon as a full disk has room', () => {
    const { become, known, settings } = community();
    const { set } = settings;
    settings.set = () => {
      throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
    };
    become(neighbours(1));
    settings.set = set;
    become(neighbours(1, 2));
    expect(known()).toEqual(peers(1, 2));
  });
});
