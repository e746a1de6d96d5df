/** What a type's own probe may cost: what is stated, less the train of pings that the scanner sends for its path. */
import { WIDTH } from '../plugin/model/metric.js';
import { PACKET_TRAIN_COST } from '../plugin/probe/ping.js';
import type { Cost, ServiceType } from '../plugin/services/contract.js';

export function ownCost({ cost, metrics }: Pick<ServiceType, 'cost' | 'metrics'>): Cost {
  if (!metrics.some(({ id }) => id === WIDTH)) return cost;
  return { packets: cost.packets - PACKET_TRAIN_COST.packets, bytes: cost.bytes - PACKET_TRAIN_COST.bytes };
}
