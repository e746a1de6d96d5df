/** A child with the relays that real agents gossip through; it holds them open until it is stopped. */
import { Relay, type RelayOptions } from '../../relay.js';
import { hurry } from '../../relay-process.js';
import { argument, say } from '../child.js';

hurry();
for (const options of argument<readonly RelayOptions[]>()) await Relay.open(options);
say(true);
