/** Eucalyptus: virtual machines, by the interface of Amazon's EC2. */
import { type HttpAnswer, httpTimes, otherWeb, pageMetrics } from '../../probe/http.js';
import type { Prober } from '../../probe/index.js';
import { withPacketTrain } from '../../probe/ping.js';
import { httpsFact, WEB_COST, webAddress, webOnce } from '../../probe/web.js';
import type { ServiceType } from '../contract.js';

/** One line of 75 bytes for each of some forty parts. */
const LIST_CAP = 8_192;
const PATH = '/services/Heartbeat';

/** The list of its parts, which it shows to everybody; the part that starts machines must be on. */
const probe: Prober = async (target, context) => {
  const answer = await webOnce(target, { method: 'GET', path: PATH, bodyCap: LIST_CAP }, context);
  if ('level' in answer) return answer;
  const parts = readParts(answer);
  if (parts === null) return otherWeb(answer);
  if (!parts.some((part) => SERVING.has(part))) return { level: 3, reason: 'broken', detail: 'compute is off' };
  const services = parts.join(', ').slice(0, 100);
  return { level: 3, samples: httpTimes(answer), facts: { services, ...httpsFact(answer) } };
};

/** Until version 4 one part, `eucalyptus`, did what `compute` does since. */
const SERVING: ReadonlySet<string> = new Set(['eucalyptus', 'compute']);

const LINE = /^name=([\w.-]{1,40})\s+enabled=(true|false)\s+local=(?:true|false)\b/;

/** Names of the parts that are on; null where it is no such list. */
function readParts({ status, body, whole }: HttpAnswer): string[] | null {
  if (status !== 200) return null;
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  // The last line may have been cut at the cap.
  const parts = (whole ? lines : lines.slice(0, -1)).map((line) => LINE.exec(line));
  if (parts.length === 0 || parts.includes(null)) return null;
  return parts.flatMap((part) => (part?.[2] === 'true' ? [part[1] ?? ''] : []));
}

const eucalyptus: ServiceType = {
  id: 'eucalyptus',
  links: ['http', 'https'].map((scheme) => ({ scheme, word: 'eucalyptus' })),
  title: { ca: 'Núvols Eucalyptus', es: 'Nubes Eucalyptus', en: 'Eucalyptus clouds', de: 'Eucalyptus-Clouds' },
  summary: {
    ca: 'Màquines virtuals que s’engeguen com les d’Amazon EC2, a casa de la comunitat.',
    es: 'Máquinas virtuales que se arrancan como las de Amazon EC2, en casa de la comunidad.',
    en: 'Virtual machines started as on Amazon EC2, on hardware of the community.',
    de: 'Virtuelle Maschinen wie bei Amazon EC2, auf Rechnern der Community.',
  },
  icon: 'M12 3c5 3 7 7 7 10a7 7 0 0 1-14 0c0-3 2-7 7-10zM12 21v-10',
  defaultPort: 8_773,
  transports: ['tcp'],
  listed: 'when-announced',
  probe,
  cost: withPacketTrain({ packets: WEB_COST.packets + 8, bytes: WEB_COST.bytes + LIST_CAP + 600 }),
  scoredFrom: 3,
  metrics: pageMetrics(),
  use: (provider) => {
    const at = webAddress(provider);
    if (at === null) return [];
    return [
      {
        kind: 'note',
        label: {
          ca: 'Calen un compte i les seves claus d’accés: demaneu-los a qui el manté.',
          es: 'Hacen falta una cuenta y sus claves de acceso: pídalas a quien lo mantiene.',
          en: 'It takes an account and its access keys: ask whoever runs it.',
          de: 'Du brauchst ein Konto und seine Zugangsschlüssel: Frag den Betreiber.',
        },
      },
      {
        kind: 'copy',
        label: {
          ca: 'Adreça de l’EC2, per a qualsevol programa que en parli («endpoint»)',
          es: 'Dirección de EC2, para cualquier programa que lo hable («endpoint»)',
          en: 'EC2 address, for any program that speaks it (“endpoint”)',
          de: 'EC2-Adresse, für jedes Programm, das sie spricht („Endpoint“)',
        },
        text: `${at}/services/compute`,
      },
    ];
  },
};
export default eucalyptus;
