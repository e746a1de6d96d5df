/** A child that is a whole community of providers, most of which misbehave. */

import type { Told } from '../../real/bad-main.js';
import { openBad } from '../../scan/bad.js';
import { argument, say } from '../child.js';

const { places, elsewhere } = argument<Told>();
await openBad(places, elsewhere);
say(true);
