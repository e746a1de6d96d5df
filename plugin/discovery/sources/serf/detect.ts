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
  if (machine.runs('serf')) return ELSEWHERE;
  if (sign !== undefined) return stopped(sign);
  const address = machine.addresses().find((own) => own.startsWith('10.'));
  return address === undefined ? null : likely(address);
}

const ELSEWHERE: Detected = {
  text: {
    ca: 'Serf: un agent funciona aquí, i el seu RPC respon en un altre lloc o no respon',
    es: 'Serf: un agente funciona aquí, y su RPC responde en otro lugar o no responde',
    en: 'Serf: an agent runs here, and its RPC answers elsewhere or not at all',
    de: 'Serf: Ein Agent läuft hier, und sein RPC antwortet anderswo oder gar nicht',
  },
  hint: {
    ca: 'Poseu a SERF_RPC el -rpc-addr de l’agent',
    es: 'Ponga en SERF_RPC el -rpc-addr del agente',
    en: 'Set SERF_RPC to the agent’s -rpc-addr',
    de: 'Setze SERF_RPC auf das -rpc-addr des Agenten',
  },
};

const stopped = (sign: string): Detected => ({
  text: {
    ca: `Cloudy: aquest n’és un node (${sign}), i cap agent de Serf no hi funciona`,
    es: `Cloudy: este es uno de sus nodos (${sign}), y no funciona ningún agente de Serf`,
    en: `Cloudy: this is one of its nodes (${sign}), and no Serf agent runs`,
    de: `Cloudy: Dies ist einer seiner Knoten (${sign}), und kein Serf-Agent läuft`,
  },
  hint: {
    ca: 'Engegueu-lo: systemctl start serf; o poseu SERF_RPC si escolta en un altre lloc',
    es: 'Arránquelo: systemctl start serf; o ponga SERF_RPC si escucha en otro lugar',
    en: 'Start it: systemctl start serf; or set SERF_RPC where it listens elsewhere',
    de: 'Starte ihn: systemctl start serf; oder setze SERF_RPC, wenn er anderswo lauscht',
  },
});

/** @param address of this machine, in the range that guifi.net uses, and others too */
function likely(address: string): Detected {
  const read = `${programCommand()} import ZONE.cnml > LIST`;
  return {
    text: {
      ca: `guifi.net: probablement, per l’adreça d’aquesta màquina, ${address}`,
      es: `guifi.net: probablemente, por la dirección de esta máquina, ${address}`,
      en: `guifi.net: likely, by this machine’s address ${address}`,
      de: `guifi.net: wahrscheinlich, nach der Adresse dieses Rechners, ${address}`,
    },
    hint: {
      ca: `Instal·leu serf i uniu-vos a un node que conegueu; o bé: ${read}, i poseu PROVIDERS_FILE=LIST`,
      es: `Instale serf y únase a un nodo que conozca; o bien: ${read}, y ponga PROVIDERS_FILE=LIST`,
      en: `Install serf and join a node that you know; or: ${read}, and set PROVIDERS_FILE=LIST`,
      de: `Installiere serf und tritt einem Knoten bei, den du kennst; oder: ${read}, und setze PROVIDERS_FILE=LIST`,
    },
    isGuess: true,
  };
}
