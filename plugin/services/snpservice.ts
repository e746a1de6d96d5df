/** SNPgraphs servers: traffic and availability of a zone's devices, drawn for guifi.net's pages. */
import { endpoint } from '../probe/endpoint.js';
import { NETWORK_COST, probePort } from '../probe/network.js';
import type { ServiceType } from './index.js';

const snpservice: ServiceType = {
  id: 'snpservice',
  title: { ca: 'Gràfiques de xarxa', es: 'Gráficas de red', en: 'Network graphs' },
  summary: {
    ca: 'Mesura els equips d’una zona i en dibuixa el trànsit i la disponibilitat.',
    es: 'Mide los equipos de una zona y dibuja su tráfico y disponibilidad.',
    en: 'Measures the devices of a zone and draws their traffic and availability.',
  },
  icon: 'M4 4v16h16M7 16l4-5 3 3 5-7',
  defaultPort: 80,
  transports: ['tcp'],
  units: [{ unit: 'apache2.service', package: 'apache2' }],
  probe: probePort,
  cost: NETWORK_COST,
  scoredFrom: null,
  metrics: [],
  use: (provider) => {
    const at = endpoint(provider);
    if (at === null) return [];
    return [
      {
        kind: 'link',
        label: {
          ca: 'Obriu el servidor de gràfiques',
          es: 'Abra el servidor de gráficas',
          en: 'Open the graph server',
        },
        url: `http://${at}/snpservices/`,
      },
      {
        kind: 'link',
        label: { ca: 'Què pot mostrar', es: 'Qué puede mostrar', en: 'What it can show' },
        url: `http://${at}/snpservices/index.php?call=help`,
      },
      {
        kind: 'note',
        label: {
          ca: 'A guifi.net, trieu-lo com a servidor de gràfiques de la vostra zona o node.',
          es: 'En guifi.net, elíjalo como servidor de gráficas de su zona o nodo.',
          en: 'On guifi.net, choose it as the graph server of your zone or node.',
        },
      },
    ];
  },
  describe: () => [],
};
export default snpservice;
