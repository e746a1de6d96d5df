/** OpenStack: virtual machines and storage, entered through Keystone, its identity service. */
import { plainPath } from '../../model/provider.js';
import { type HttpAnswer, httpTimes, otherWeb, pageMetrics, readJson } from '../../probe/http.js';
import type { Prober } from '../../probe/index.js';
import { withPacketTrain } from '../../probe/ping.js';
import { httpsFact, WEB_COST, webAddress, webAmong } from '../../probe/web.js';
import type { ServiceType, Usable } from '../contract.js';

/** Under one host name Keystone is in a folder of its own; at the root, releases before 2013 have version 2 alone. */
const PLACES = ['/v3', '/identity/v3', '/'] as const;
const DOCUMENT_CAP = 2_048;

/** The version that it says it speaks, which takes no account. */
const probe: Prober = async (target, context) => {
  const announced = plainPath(target.txt).replace(/\/$/, '');
  const paths = announced === '' ? PLACES : ([toVersion(announced), `${announced}/`] as const);
  const found = await webAmong(target, paths, { method: 'GET', bodyCap: DOCUMENT_CAP }, context, readVersion);
  if ('level' in found) return found;
  const { answer, value: version, path, first } = found;
  if (version === null) return otherWeb(answer);
  const samples = httpTimes({ connectMs: first.connectMs, firstByteMs: answer.firstByteMs });
  return { level: 3, samples, facts: { version, folder: path, ...httpsFact(first) } };
};

const toVersion = (folder: string) => (/\/v\d[\d.]*$/.test(folder) ? folder : `${folder}/v3`);

/** One version, or the newest of a list; null where it is none of Keystone's: other parts of OpenStack have the like. */
function readVersion(answer: HttpAnswer): string | null {
  if (answer.status !== 200 && answer.status !== 300) return null;
  const { version, versions } = readJson(answer);
  const { values } = asRecord(versions);
  const documents: readonly unknown[] = Array.isArray(values) ? values : [version];
  return documents.map(identityVersion).find((id) => id !== null) ?? null;
}

function identityVersion(document: unknown): string | null {
  const { id, 'media-types': media } = asRecord(document);
  if (typeof id !== 'string' || !/^v\d{1,2}(\.\d{1,3})?$/.test(id) || !Array.isArray(media)) return null;
  const isIdentity = media.some((kind) => String(asRecord(kind).type).includes('openstack.identity'));
  return isIdentity ? id : null;
}

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

/** What a client wants as `OS_AUTH_URL`. */
function authUrl(provider: Usable): string | null {
  const at = webAddress(provider);
  const found = plainPath(new Map([['path', provider.facts?.folder ?? '']]));
  const folder = found === '/' ? toVersion(plainPath(provider.txt).replace(/\/$/, '')) : found;
  return at === null ? null : `${at}${folder}`;
}

const openstack: ServiceType = {
  id: 'openstack',
  aliases: ['keystone'],
  links: ['keystone', 'openstack'].flatMap((word) => ['http', 'https'].map((scheme) => ({ scheme, word }))),
  title: { ca: 'Núvols OpenStack', es: 'Nubes OpenStack', en: 'OpenStack clouds', de: 'OpenStack-Clouds' },
  summary: {
    ca: 'Màquines virtuals i discos en un núvol de la comunitat.',
    es: 'Máquinas virtuales y discos en una nube de la comunidad.',
    en: 'Virtual machines and disks in a cloud of the community.',
    de: 'Virtuelle Maschinen und Platten in einer Cloud der Community.',
  },
  icon: 'M4 5h16v4h-4V8H8v1H4zM4 11h4v2H4zM16 11h4v2h-4zM4 15h4v1h8v-1h4v4H4z',
  defaultPort: 5_000,
  transports: ['tcp'],
  listed: 'when-announced',
  probe,
  cost: withPacketTrain({ packets: 3 * WEB_COST.packets + 6, bytes: 3 * (WEB_COST.bytes + DOCUMENT_CAP) }),
  scoredFrom: 3,
  metrics: pageMetrics(),
  use: (provider) => {
    const url = authUrl(provider);
    if (url === null) return [];
    return [
      {
        kind: 'note',
        label: {
          ca: 'Cal un compte i un projecte: demaneu-los a qui el manté, i també l’adreça del seu tauler web.',
          es: 'Hacen falta una cuenta y un proyecto: pídalos a quien lo mantiene, y también la dirección de su panel web.',
          en: 'It takes an account and a project: ask whoever runs it, for the address of its web dashboard too.',
          de: 'Du brauchst ein Konto und ein Projekt: Frag den Betreiber, auch nach der Adresse seiner Weboberfläche.',
        },
      },
      {
        kind: 'copy',
        label: {
          ca: 'Adreça d’identitat («auth URL»), per a qualsevol programa que parli amb OpenStack',
          es: 'Dirección de identidad («auth URL»), para cualquier programa que hable con OpenStack',
          en: 'Identity address (“auth URL”), for any program that speaks to OpenStack',
          de: 'Identity-Adresse („Auth URL“), für jedes Programm, das OpenStack spricht',
        },
        text: url,
      },
      {
        kind: 'copy',
        on: 'linux',
        label: {
          ca: 'Per a l’ordre openstack (paquet python3-openstackclient), fins que tanqueu el terminal',
          es: 'Para la orden openstack (paquete python3-openstackclient), hasta que cierre el terminal',
          en: 'For the command openstack (package python3-openstackclient), until you close the terminal',
          de: 'Für den Befehl openstack (Paket python3-openstackclient), bis du das Terminal schließt',
        },
        text: `export OS_AUTH_URL=${url} OS_IDENTITY_API_VERSION=3`,
      },
    ];
  },
};
export default openstack;
