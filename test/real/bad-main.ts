/** The process in which providers misbehave: opens the given ones, reports that, and ends with its parent. */
import { type Bad, type Good, openBad, type Place } from '../scan/bad.js';

export interface Told {
  readonly places: readonly (Bad | Good)[];
  readonly elsewhere: Place;
}

process.once('message', async ({ places, elsewhere }: Told) => {
  await openBad(places, elsewhere);
  process.send?.('open');
});
process.on('disconnect', () => process.exit());
