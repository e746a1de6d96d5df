/** tinc: the community's private network, as if all its members sat at one cable. */
import { endpoint } from '../probe/endpoint.js';
import { NETWORK_COST, probePort } from '../probe/network.js';
import type { ServiceType } from './index.js';

const tincvpn: ServiceType = {
  id: 'tincvpn',
  title: { ca: 'Xarxa privada tinc', es: 'Red privada tinc', en: 'tinc private network' },
  summary: {
    ca: 'Uneix els membres d’una comunitat en una sola xarxa local, per damunt de la malla.',
    es: 'Une a los miembros de una comunidad en una sola red local, por encima de la malla.',
    en: 'Joins the members of a community into one local network on top of the mesh.',
  },
  icon: 'M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3M12 14.5v2',
  defaultPort: 655,
  transports: ['tcp', 'udp'],
  units: [
    { unit: 'tinc@.service', package: 'tinc' },
    { unit: 'tinc.service', package: 'tinc' },
  ],
  probe: probePort,
  cost: NETWORK_COST,
  scoredFrom: null,
  metrics: [],
  use: (provider) => {
    if (endpoint(provider) === null) return [];
    return [
      {
        kind: 'note',
        label: {
          ca: 'tinc només admet coneguts: intercanvieu els fitxers de node amb qui el manté.',
          es: 'tinc solo admite conocidos: intercambie los ficheros de nodo con quien lo mantiene.',
          en: 'tinc admits only those it knows: exchange host files with whoever runs it.',
        },
      },
      {
        kind: 'copy',
        label: {
          ca: 'Línia per al seu fitxer a /etc/tinc/XARXA/hosts/',
          es: 'Línea para su fichero en /etc/tinc/RED/hosts/',
          en: 'Line for its file in /etc/tinc/NET/hosts/',
        },
        text: `Address = ${provider.address} ${provider.port}`,
      },
    ];
  },
  describe: () => [],
};
export default tincvpn;
