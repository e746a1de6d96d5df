/** OpenVZ Web Panel: virtual machines for members, managed in a web page. */
import { endpoint } from '../probe/endpoint.js';
import { NETWORK_COST, probePort } from '../probe/network.js';
import type { ServiceType } from './index.js';

const owp: ServiceType = {
  id: 'owp',
  title: { ca: 'OpenVZ Web Panel', es: 'OpenVZ Web Panel', en: 'OpenVZ Web Panel' },
  summary: {
    ca: 'Màquines virtuals per als membres, gestionades des del navegador.',
    es: 'Máquinas virtuales para los miembros, gestionadas desde el navegador.',
    en: 'Virtual machines for members, managed in the browser.',
  },
  icon: 'M3 4h18v7H3zM3 13h18v7H3zM6 7.5h2M6 16.5h2',
  defaultPort: 3000,
  transports: ['tcp'],
  units: [{ unit: 'owp.service', package: null }],
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
        label: { ca: 'Obriu el tauler', es: 'Abra el panel', en: 'Open the panel' },
        url: `http://${at}/`,
      },
      {
        kind: 'note',
        label: {
          ca: 'La connexió no va xifrada i la contrasenya inicial és coneguda: canvieu-la de seguida.',
          es: 'La conexión no va cifrada y la contraseña inicial es conocida: cámbiela enseguida.',
          en: 'The connection is not encrypted and the first password is public knowledge: change it at once.',
        },
      },
    ];
  },
  describe: () => [],
};
export default owp;
