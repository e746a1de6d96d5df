/** PeerStreamer channels: live video passed on from viewer to viewer. */
import { endpoint } from '../probe/endpoint.js';
import { NETWORK_COST, probeHost } from '../probe/network.js';
import type { ServiceType } from './index.js';

/** Where the viewer's own machine hands the video to the player. */
const PLAYER = { address: '127.0.0.1', port: 1234 } as const;

const peerstreamer: ServiceType = {
  id: 'peerstreamer',
  title: { ca: 'PeerStreamer', es: 'PeerStreamer', en: 'PeerStreamer' },
  summary: {
    ca: 'Un canal de vídeo en directe que els mateixos espectadors es passen entre ells.',
    es: 'Un canal de vídeo en directo que los propios espectadores se pasan entre ellos.',
    en: 'A live video channel that its viewers pass on to each other.',
  },
  icon: 'M3 6h12v12H3zM15 11l6-4v10l-6-4',
  defaultPort: null,
  transports: ['udp'],
  units: [{ unit: 'peerstreamer.service', package: null }],
  // Its UDP port is never written to: an unexpected datagram makes the streamer abort, for all its viewers.
  probe: probeHost,
  cost: NETWORK_COST,
  scoredFrom: null,
  metrics: [],
  use: (provider) => {
    if (endpoint(provider) === null) return [];
    const { address, port } = provider;
    const output = `null,dechunkiser=udp,port0=${PLAYER.port},addr=${PLAYER.address}`;
    return [
      {
        kind: 'copy',
        label: {
          ca: 'Uniu-vos al canal (poseu la vostra interfície de xarxa en lloc d’eth0)',
          es: 'Únase al canal (ponga su interfaz de red en lugar de eth0)',
          en: 'Join the channel (with your own network interface in the place of eth0)',
        },
        text: `streamer -i ${address} -p ${port} -P ${port} -F ${output} -I eth0`,
      },
      {
        kind: 'copy',
        label: { ca: 'Mireu-lo', es: 'Véalo', en: 'Watch it' },
        text: `ffplay udp://${PLAYER.address}:${PLAYER.port}`,
      },
    ];
  },
  // Its only attribute is, by an old mistake, the node's own address.
  describe: () => [],
};
export default peerstreamer;
