/** guifi.net's federated web proxies: one account opens them all. */
import { endpoint } from '../probe/endpoint.js';
import { NETWORK_COST, probePort } from '../probe/network.js';
import type { ServiceType } from './index.js';

const proxy3: ServiceType = {
  id: 'proxy3',
  title: { ca: 'Servidor intermediari web', es: 'Proxy web', en: 'Web proxy' },
  summary: {
    ca: 'Accés al web d’Internet a través de la connexió d’un veí.',
    es: 'Acceso a la web de Internet a través de la conexión de un vecino.',
    en: 'The Internet’s web through a neighbour’s connection.',
  },
  icon: 'M3 12h6M15 12h6M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM9 9l3 3-3 3M18 9l3 3-3 3',
  defaultPort: 3128,
  transports: ['tcp'],
  units: [
    { unit: 'squid.service', package: 'squid' },
    { unit: 'squid3.service', package: null },
  ],
  probe: probePort,
  cost: NETWORK_COST,
  scoredFrom: null,
  metrics: [],
  use: (provider) => {
    const at = endpoint(provider);
    if (at === null) return [];
    return [
      {
        kind: 'copy',
        label: { ca: 'Adreça per al navegador', es: 'Dirección para el navegador', en: 'Address for the browser' },
        text: at,
      },
      {
        kind: 'copy',
        label: { ca: 'Per a la línia d’ordres', es: 'Para la línea de órdenes', en: 'For the command line' },
        text: `export http_proxy=http://${at}/ https_proxy=http://${at}/`,
      },
      {
        kind: 'note',
        label: {
          ca: 'Us demanarà el compte de guifi.net; el mateix serveix a tots els servidors federats.',
          es: 'Le pedirá la cuenta de guifi.net; la misma sirve en todos los servidores federados.',
          en: 'It asks for your guifi.net account; the same one opens all federated proxies.',
        },
      },
    ];
  },
  describe: (txt) => {
    const federated = txt.get('Federated');
    if (federated === undefined) return [];
    return [{ label: { ca: 'Federat', es: 'Federado', en: 'Federated' }, value: federated }];
  },
};
export default proxy3;
