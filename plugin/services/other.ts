/** Every service of an unknown type: listed all the same, and only its port is probed. */
import { endpoint } from '../lib/endpoint.js';
import { NETWORK_COST, probePort } from '../probe/port.js';
import type { ServiceType, Texts } from './contract.js';

/** Announced without a key. */
const bare: Texts = { ca: 'Text', es: 'Texto', en: 'Text' };

const other: ServiceType = {
  id: 'other',
  title: { ca: 'Altres serveis', es: 'Otros servicios', en: 'Other services' },
  summary: {
    ca: 'Un servei d’un tipus que aquest tauler no coneix.',
    es: 'Un servicio de un tipo que este panel no conoce.',
    en: 'A service of a kind that this panel does not know.',
  },
  icon: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM17 14v6M14 17h6',
  defaultPort: null,
  transports: ['tcp'],
  probe: probePort,
  cost: NETWORK_COST,
  scoredFrom: null,
  metrics: [],
  use: (provider) => {
    const at = endpoint(provider);
    if (at === null) return [];
    return [
      { kind: 'copy', label: { ca: 'Adreça i port', es: 'Dirección y puerto', en: 'Address and port' }, text: at },
    ];
  },
  describe: (txt) =>
    [...txt].map(([key, value]) => ({ label: key === '' ? bare : { ca: key, es: key, en: key }, value })),
};
export default other;
