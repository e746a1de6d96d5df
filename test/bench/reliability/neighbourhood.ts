/** A panel among neighbours that misbehave, announced by a Serf agent, and its owner. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon, Owner } from '../../daemon.js';
import { startChild, stop } from '../child.js';
import { announced, ELSEWHERE, type Neighbour } from './community.js';

export interface Listed {
  readonly id: string;
  readonly address: string;
  readonly score: number | null;
  readonly reason: string | null;
  readonly measuredAt: string | null;
}

/** Lets the panel, which may scan with all the concurrency there is, be used among them, and ends all. */
export async function amongNeighbours<T>(
  all: readonly Neighbour[],
  use: (daemon: Daemon, owner: Owner) => Promise<T>,
): Promise<T> {
  const { child: providers } = await startChild<true>('reliability-badly', { places: all, elsewhere: ELSEWHERE });
  const agent = await startChild<AddressInfo>('replay', { community: 'bad', told: all.map(announced) });
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const daemon = await Daemon.start({
    folder,
    config: {
      SERF_RPC: `127.0.0.1:${agent.said.port}`,
      COMMUNITY_RANGES: '127.80.0.0/16',
      SCAN_CONCURRENCY: '16',
      SCAN_BYTES_PER_DAY: '10000000000',
    },
  });
  try {
    return await use(daemon, await Owner.bySocket(daemon));
  } finally {
    await daemon.close();
    await Promise.all([stop(agent.child), stop(providers)]);
    rmSync(folder, { recursive: true });
  }
}

/** The type's providers, best first. */
export async function list(owner: Owner, type: string): Promise<readonly Listed[]> {
  return (await owner.get<{ providers: Listed[] }>(`api/v1/services/${type}`)).providers;
}
