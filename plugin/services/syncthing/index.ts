/** Syncthing peers: folders kept the same on several machines. The certificate is the identity, so it can be checked. */
import { createHash } from 'node:crypto';
import { base32, luhn32 } from '../../lib/base32.js';
import { endpoint } from '../../lib/endpoint.js';
import { answers, handshakeTime, roundTripTime, widthOfPath } from '../../model/metric.js';
import type { Provider } from '../../model/provider.js';
import type { Sample } from '../../model/sample.js';
import { isFailed, type ProbeResult, type Prober } from '../../probe/index.js';
import { withPacketTrain } from '../../probe/ping.js';
import { roundTrip } from '../../probe/port.js';
import { connect } from '../../probe/tcp.js';
import { type Handshake, handshake } from '../../probe/tls.js';
import type { ServiceType, UseStep } from '../contract.js';
import { localSyncthing } from './local.js';
import { failed, order, refusal } from './rest.js';

/** Application protocol of Syncthing's Block Exchange Protocol. https://docs.syncthing.net/specs/bep-v1.html */
const PROTOCOL = 'bep/1.0';

/**
 * Shakes hands and hangs up. Never says hello, which would ask the other side's user about a new device; shows no
 * certificate, so that it leaves nothing behind but a line in the log.
 */
const probe: Prober = async (target, context) => {
  const connection = await connect(target, context);
  if (isFailed(connection)) return connection;
  try {
    const session = await handshake(connection, context, [PROTOCOL]);
    if (isFailed(session)) return session;
    if (session.protocol !== PROTOCOL) return { level: 2, reason: 'wrong-protocol', detail: 'TLS, but not Syncthing' };
    return judge(session, roundTrip(connection.connectMs), announcedId(target.txt));
  } finally {
    connection.close();
  }
};

function judge(
  { certificate, version, ms }: Handshake,
  path: readonly Sample[],
  announced: string | null,
): ProbeResult {
  const id = deviceId(certificate);
  if (announced !== null && announced !== id) return { level: 3, reason: 'wrong-identity', detail: `it is ${id}` };
  return {
    level: announced === null ? 3 : 4,
    samples: [...path, { metric: 'handshake', value: ms, method: 'tls' }],
    facts: { id, tls: version },
  };
}

/** Device ID of a certificate (DER): eight groups of seven, check characters included. */
export function deviceId(certificate: Uint8Array): string {
  return written(base32(createHash('sha256').update(certificate).digest()));
}

/**
 * The announced device ID as Syncthing writes it; null when there is none, or none that can be one. Old announcements
 * carry it bare, some with `,einfo=…` behind it, some without check characters.
 */
export function announcedId(txt: ReadonlyMap<string, string>): string | null {
  const [text = ''] = (txt.get('node_id') ?? txt.get('') ?? '').split(',');
  const plain = text.toUpperCase().replace(/[-\s]/g, '').replaceAll('0', 'O').replaceAll('1', 'I').replaceAll('8', 'B');
  if (/^[A-Z2-7]{52}$/.test(plain)) return written(plain);
  if (!/^[A-Z2-7]{56}$/.test(plain)) return null;
  const id = written(plain.replace(/(.{13})./g, '$1'));
  return id.replaceAll('-', '') === plain ? id : null;
}

/** 52 characters → 4 × (13 + check character) → 8 × 7. */
function written(plain: string): string {
  const checked = plain.replace(/.{13}/g, (part) => part + luhn32(part));
  return checked.replace(/.{7}(?=.)/g, '$&-');
}

function use(provider: Provider): UseStep[] {
  const at = endpoint(provider);
  const id = announcedId(provider.txt);
  if (at === null) return [];
  if (id === null) {
    return [
      {
        kind: 'note',
        label: {
          ca: 'No anuncia el seu identificador de dispositiu: demaneu-lo a qui el manté.',
          es: 'No anuncia su identificador de dispositivo: pídalo a quien lo mantiene.',
          en: 'It does not announce its device ID: ask whoever runs it.',
          de: 'Er kündigt seine Geräte-ID nicht an: Frag den Betreiber.',
        },
      },
    ];
  }
  return [
    {
      kind: 'copy',
      label: {
        ca: 'Identificador de dispositiu',
        es: 'Identificador de dispositivo',
        en: 'Device ID',
        de: 'Geräte-ID',
      },
      text: id,
    },
    ...onAPhone(id),
    ...inItsWindow(at),
    ...onLinux(id, at),
    {
      kind: 'note',
      label: {
        ca: 'Un cop afegit, l’altra banda us ha d’acceptar; després, compartiu-hi una carpeta.',
        es: 'Una vez añadido, la otra parte debe aceptarle; después, comparta una carpeta con ella.',
        en: 'Once you have added it, the other side has to accept you; then share a folder with it.',
        de: 'Wenn du ihn hinzugefügt hast, muss die andere Seite dich annehmen; danach teile einen Ordner mit ihm.',
      },
    },
  ];
}

const onAPhone = (id: string): UseStep[] => [
  {
    kind: 'note',
    on: 'phone',
    label: {
      ca: 'Android: instal·leu Syncthing-Fork, de l’F-Droid. iPhone: Synctrain. A l’aplicació, afegiu un dispositiu i escanegeu aquest codi.',
      es: 'Android: instale Syncthing-Fork, de F-Droid. iPhone: Synctrain. En la aplicación, añada un dispositivo y escanee este código.',
      en: 'Android: install Syncthing-Fork, from F-Droid. iPhone: Synctrain. In the app, add a device and scan this code.',
      de: 'Android: Installiere Syncthing-Fork, bei F-Droid. iPhone: Synctrain. Füge in der App ein Gerät hinzu und scanne diesen Code.',
    },
  },
  {
    kind: 'qr',
    on: 'phone',
    label: { ca: 'Identificador de dispositiu', es: 'Identificador de dispositivo', en: 'Device ID', de: 'Geräte-ID' },
    text: id,
  },
];

/** Its own pages, on the machine of who reads this: words as they stand there. */
const inItsWindow = (at: string): UseStep[] => [
  {
    kind: 'link',
    on: 'computer',
    label: {
      ca: 'Obriu el Syncthing d’aquest ordinador',
      es: 'Abra el Syncthing de este ordenador',
      en: 'Open the Syncthing of this computer',
      de: 'Das Syncthing dieses Computers öffnen',
    },
    url: 'http://127.0.0.1:8384/',
  },
  {
    kind: 'note',
    on: 'computer',
    label: {
      ca: 'Premeu «Add Remote Device» (afegeix un dispositiu remot) i enganxeu-hi l’identificador.',
      es: 'Pulse «Añadir un dispositivo» y pegue el identificador.',
      en: 'Press “Add Remote Device” and paste the device ID.',
      de: 'Drücke „Externes Gerät hinzufügen“ und füge die Geräte-ID ein.',
    },
  },
  {
    kind: 'copy',
    on: 'computer',
    label: {
      ca: 'A «Advanced», com a adreces, això; i deseu-ho',
      es: 'En «Avanzado», como direcciones, esto; y guárdelo',
      en: 'Under “Advanced”, as addresses, this; then save',
      de: 'Unter „Erweitert“ als Adressen dies; danach speichern',
    },
    text: `tcp://${at}, dynamic`,
  },
];

const onLinux = (id: string, at: string): UseStep[] => [
  {
    kind: 'copy',
    on: 'linux',
    label: {
      ca: 'Si us falta el Syncthing, Debian el té; la segona línia l’engega per a vós, i dura',
      es: 'Si le falta Syncthing, Debian lo tiene; la segunda línea lo pone en marcha para usted, y dura',
      en: 'If Syncthing is missing, Debian has it; the second line starts it for you, and lasts',
      de: 'Wenn Syncthing fehlt: Debian hat es; die zweite Zeile startet es für dich, auf Dauer',
    },
    text: 'sudo apt install syncthing\nsystemctl --user enable --now syncthing',
  },
  {
    kind: 'copy',
    on: 'linux',
    label: {
      ca: 'Afegiu-lo des de la línia d’ordres, amb l’usuari que executa el Syncthing',
      es: 'Añádalo desde la línea de órdenes, con el usuario que ejecuta Syncthing',
      en: 'Add it on the command line, as the user that runs Syncthing',
      de: 'Auf der Befehlszeile hinzufügen, als der Benutzer, unter dem Syncthing läuft',
    },
    // Two orders: given addresses with the first, Debian 12's Syncthing (1.19) breaks down.
    text: `syncthing cli config devices add --device-id ${id}\nsyncthing cli config devices ${id} addresses add 'tcp://${at}'`,
  },
];

/**
 * Adds the device to this node's own Syncthing, or a further address to a device that is known there; what else its owner
 * has set stays. https://docs.syncthing.net/rest/config.html
 */
async function add(provider: Provider, signal: AbortSignal): Promise<void> {
  const own = await localSyncthing();
  if (own === null) throw failed('No Syncthing has been set up on this node.', 'Install it, start it once, try again.');
  const id = announcedId(provider.txt) ?? '';
  const address = `tcp://${endpoint(provider)}`;
  const call = (method: string, path: string, body?: object) => order(own, { method, path, body }, signal);
  const found = await call('GET', `devices/${id}`);
  if (found.id === id) throw failed('That is the Syncthing of this very node.', 'Choose a neighbour’s.');
  if (found.status === 404) {
    await call('POST', 'devices', { deviceID: id, name: provider.node || provider.host, addresses: [address] });
  } else {
    const addresses = addressesIn(found.text, own.url);
    if (!addresses.includes(address)) await call('PATCH', `devices/${id}`, { addresses: [...addresses, address] });
  }
}

function addressesIn(text: string, url: string): readonly unknown[] {
  try {
    const { addresses } = JSON.parse(text) as { addresses?: unknown };
    if (Array.isArray(addresses)) return addresses;
  } catch {}
  throw refusal(url, 'it describes the device in a way unknown here');
}

const syncthing: ServiceType = {
  id: 'syncthing',
  title: { ca: 'Syncthing', es: 'Syncthing', en: 'Syncthing', de: 'Syncthing' },
  summary: {
    ca: 'Manté carpetes sincronitzades en diversos ordinadors, sense cap servidor central.',
    es: 'Mantiene carpetas sincronizadas en varios ordenadores, sin servidor central.',
    en: 'Keeps folders in sync on several computers, without a central server.',
    de: 'Hält Ordner auf mehreren Computern gleich, ohne zentralen Server.',
  },
  icon: 'M4 12a8 8 0 0 1 14-5.300M20 4v4h-4M20 12a8 8 0 0 1-14 5.300M4 20v-4h4',
  defaultPort: 22000,
  transports: ['tcp'],
  local: {
    units: [{ unit: 'syncthing@.service', instance: 'user', package: 'syncthing' }],
    publishTxt: {
      ca: 'node_id= i l’identificador de dispositiu, que el Syncthing mostra a «Accions, Mostra l’ID».',
      es: 'node_id= y el identificador de dispositivo, que Syncthing muestra en «Acciones, Mostrar ID».',
      en: 'node_id= and the device ID, which Syncthing shows under “Actions, Show ID”.',
      de: 'node_id= und die Geräte-ID, die Syncthing unter „Aktionen, ID anzeigen“ zeigt.',
    },
  },
  probe,
  identifies: true,
  cost: withPacketTrain({ packets: 12, bytes: 2_200 }),
  scoredFrom: 3,
  // Synchronising waits for both to be up, and then for bytes: the width of the path stands for throughput,
  // with its weight. The anchors are open downwards, as those of pages: by the usual ones, which call a handshake of 100 ms
  // excellent, and without width, simulated choices were half as good as by knowing the present.
  metrics: [
    ...[widthOfPath({ weight: 0.4, useless: 30, excellent: 0.1 }), answers(0.3)],
    handshakeTime({ weight: 0.2, useless: 3_000, excellent: 30 }),
    roundTripTime({ weight: 0.1, useless: 200, excellent: 2 }),
  ],
  use,
  connect: {
    label: {
      ca: 'Afegeix-lo al Syncthing d’aquest node',
      es: 'Añadirlo al Syncthing de este nodo',
      en: 'Add it to this node’s Syncthing',
      de: 'Zum Syncthing dieses Knotens hinzufügen',
    },
    done: {
      ca: 'Afegit al Syncthing d’aquest node. L’altra banda us ha d’acceptar; després, compartiu-hi una carpeta.',
      es: 'Añadido al Syncthing de este nodo. La otra parte debe aceptarle; después, comparta una carpeta con ella.',
      en: 'Added to this node’s Syncthing. The other side has to accept you; then share a folder with it.',
      de: 'Zum Syncthing dieses Knotens hinzugefügt. Die andere Seite muss dich annehmen; danach teile einen Ordner mit ihm.',
    },
    suits: (provider) => endpoint(provider) !== null && announcedId(provider.txt) !== null,
    run: (provider, _, signal) => add(provider, signal),
  },
  describe: (txt) => {
    const id = announcedId(txt);
    if (id === null) return [];
    return [
      {
        label: {
          ca: 'Identificador de dispositiu',
          es: 'Identificador de dispositivo',
          en: 'Device ID',
          de: 'Geräte-ID',
        },
        value: id,
      },
    ];
  },
};
export default syncthing;
