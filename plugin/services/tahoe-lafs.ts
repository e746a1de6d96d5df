/** Introducers of Tahoe-LAFS grids: where the members of a distributed, encrypted storage meet. */
import { endpoint } from '../probe/endpoint.js';
import { NETWORK_COST, probePort } from '../probe/network.js';
import type { Provider } from '../provider.js';
import type { ServiceType, UseStep } from './index.js';

const TUB_ID = /^[a-z2-7]{32}$/;
/** A foolscap address: tub id, where to find it, and the name of the introducer, since Tahoe-LAFS 1.10 a secret one. */
const FURL = /^pb:\/\/([a-z2-7]{32})@[^\s/]{1,200}\/([a-z2-7]{1,64})$/;

interface Introducer {
  readonly tub: string;
  /** null where only the tub is announced: enough for grids from before Tahoe-LAFS 1.10, whose name was always the same. */
  readonly name: string | null;
}

/** The introducer announced: a whole `furl=`, or the bare tub id of old nodes. */
function introducerOf(txt: ReadonlyMap<string, string>): Introducer | null {
  const [, tub, name] = FURL.exec(txt.get('furl') ?? '') ?? [];
  if (tub !== undefined && name !== undefined) return { tub, name };
  const bare = txt.get('') ?? '';
  return TUB_ID.test(bare) ? { tub: bare, name: null } : null;
}

function use(provider: Provider): UseStep[] {
  const at = endpoint(provider);
  const introducer = introducerOf(provider.txt);
  if (at === null) return [];
  if (introducer === null) {
    return [
      {
        kind: 'note',
        label: {
          ca: 'No anuncia l’adreça de la graella (furl): demaneu-la a qui la manté.',
          es: 'No anuncia la dirección de la malla (furl): pídala a quien la mantiene.',
          en: 'It does not announce the grid’s address (furl): ask whoever runs it.',
        },
      },
    ];
  }
  const { tub, name } = introducer;
  const furl = `pb://${tub}@${at}/${name ?? 'introducer'}`;
  const steps: UseStep[] = [
    {
      kind: 'copy',
      label: {
        ca: 'Adreça de la graella (furl)',
        es: 'Dirección de la malla (furl)',
        en: 'Address of the grid (furl)',
      },
      text: furl,
    },
    {
      kind: 'copy',
      label: { ca: 'Uniu-vos a la graella', es: 'Únase a la malla', en: 'Join the grid' },
      text: `tahoe create-client --introducer=${furl}`,
    },
  ];
  if (name !== null) return steps;
  const oldOnly: UseStep = {
    kind: 'note',
    label: {
      ca: 'Només per a graelles de Tahoe-LAFS 1.9 o anteriors: a les noves, demaneu el furl sencer a qui la manté.',
      es: 'Solo para mallas de Tahoe-LAFS 1.9 o anteriores: en las nuevas, pida el furl entero a quien la mantiene.',
      en: 'Only for grids of Tahoe-LAFS 1.9 or older: for newer ones, ask whoever runs it for the whole furl.',
    },
  };
  return [...steps, oldOnly];
}

const tahoe: ServiceType = {
  id: 'tahoe-lafs',
  title: { ca: 'Tahoe-LAFS', es: 'Tahoe-LAFS', en: 'Tahoe-LAFS' },
  summary: {
    ca: 'Emmagatzematge xifrat i repartit entre els discos de molts membres.',
    es: 'Almacenamiento cifrado y repartido entre los discos de muchos miembros.',
    en: 'Encrypted storage, spread over the disks of many members.',
  },
  icon: 'M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9',
  defaultPort: null,
  transports: ['tcp'],
  units: [{ unit: 'tahoe-lafs.service', package: null }],
  probe: probePort,
  cost: NETWORK_COST,
  scoredFrom: null,
  metrics: [],
  use,
  describe: (txt) => {
    const introducer = introducerOf(txt);
    if (introducer === null) return [];
    return [
      {
        label: { ca: 'Identificador del node', es: 'Identificador del nodo', en: 'Node ID' },
        value: introducer.tub,
      },
    ];
  },
};
export default tahoe;
