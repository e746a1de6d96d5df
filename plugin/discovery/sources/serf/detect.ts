/** Signs of a Cloudy node or of guifi.net on a machine whose Serf agent does not answer. */
import { programCommand } from '../../../config/install.js';
import type { Machine } from '../../machine.js';
import type { Detected } from '../../source.js';

/** Of Cloudy, of its announcer, and of the program that joined a node to its community's tunnel. */
const SIGNS = [
  '/etc/cloudy/cloudy.conf',
  '/etc/avahi-ps-serf.conf',
  '/etc/avahi-ps.conf',
  '/etc/getinconf-client.conf',
];

export function detectCommunity(machine: Machine): Detected | null {
  const sign = SIGNS.find((path) => machine.exists(path));
  if (machine.runs('serf')) {
    const text = 'Serf: an agent runs here, and its RPC answers elsewhere or not at all';
    return { text, hint: 'Set SERF_RPC to the agent’s -rpc-addr' };
  }
  if (sign !== undefined) {
    const text = `Cloudy: this is one of its nodes (${sign}), and no Serf agent runs`;
    return { text, hint: 'Start it: systemctl start serf; or set SERF_RPC where it listens elsewhere' };
  }
  const address = machine.addresses().find((own) => own.startsWith('10.'));
  if (address === undefined) return null;
  const list = `${programCommand()} import ZONE.cnml > LIST, and set PROVIDERS_FILE=LIST`;
  return {
    text: `guifi.net: likely, by this machine’s address ${address}`,
    hint: `Install serf and join a node that you know; or: ${list}`,
    isGuess: true,
  };
}
