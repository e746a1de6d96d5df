/** The process that providers misbehave in: opens those that it is told of, says so, and ends with whoever started it. */
import { type Bad, type Good, openBad, type Place } from './bad.js';

export interface Told {
  readonly places: readonly (Bad | Good)[];
  readonly elsewhere: Place;
}

process.once('message', async ({ places, elsewhere }: Told) => {
  await openBad(places, elsewhere);
  process.send?.('open');
});
process.on('disconnect', () => process.exit());
