/** The process in which relays run: opens them and reports to relay-process.ts. */
import { Relay } from './relay.js';
import type { Answer, Order } from './relay-process.js';

const relays: Relay[] = [];

async function obey(order: Order): Promise<Answer['value']> {
  if (order.does === 'tell') return relays[order.relay]?.conversations() ?? [];
  const relay = await Relay.open(order.options);
  return { relay: relays.push(relay) - 1, port: relay.port };
}

process.on('message', async (order: Order) => {
  process.send?.({ id: order.id, value: await obey(order) } satisfies Answer);
});
process.on('disconnect', () => process.exit());
