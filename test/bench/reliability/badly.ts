/** A child that is a whole community of providers, most of which misbehave. */
import { openBad } from '../../scan/bad.js';
import type { Told } from '../../scan/bad-main.js';
import { argument, say } from '../child.js';

const { places, elsewhere } = argument<Told>();
await openBad(places, elsewhere);
say(true);
