/** Proxmox VE: virtual machines and containers on a neighbour's hardware. */
import { type HttpAnswer, httpTimes, otherWeb, pageMetrics, readJson } from '../../probe/http.js';
import type { Prober } from '../../probe/index.js';
import { withPacketTrain } from '../../probe/ping.js';
import { httpsFact, WEB_COST, webAddress, webOnce } from '../../probe/web.js';
import type { ServiceType } from '../contract.js';
import { pageSteps } from '../steps.js';

const LIST_CAP = 4_096;

/** The list of its realms, which its login page shows to everybody. */
const probe: Prober = async (target, context) => {
  const question = { method: 'GET', path: '/api2/json/access/domains', bodyCap: LIST_CAP } as const;
  const answer = await webOnce(target, question, context);
  if ('level' in answer) return answer;
  const realms = readRealms(answer);
  if (realms === null) return otherWeb(answer);
  return { level: 3, samples: httpTimes(answer), facts: { realm: realms.slice(0, 100), ...httpsFact(answer) } };
};

/** Names of the realms; null where it is no such list. */
function readRealms(answer: HttpAnswer): string | null {
  if (answer.status !== 200) return null;
  const { data } = readJson(answer);
  if (!Array.isArray(data) || data.length === 0) return null;
  const realms = data.map((row: unknown) =>
    typeof row === 'object' && row !== null && 'realm' in row ? row.realm : '',
  );
  return realms.every((realm) => typeof realm === 'string' && /^[\w.-]{1,64}$/.test(realm)) ? realms.join(', ') : null;
}

const proxmox: ServiceType = {
  id: 'proxmox',
  links: [{ scheme: 'https', port: 8_006 }],
  title: {
    ca: 'Màquines virtuals (Proxmox)',
    es: 'Máquinas virtuales (Proxmox)',
    en: 'Virtual machines (Proxmox)',
    de: 'Virtuelle Maschinen (Proxmox)',
  },
  summary: {
    ca: 'Màquines virtuals i contenidors a l’equip d’un veí.',
    es: 'Máquinas virtuales y contenedores en el equipo de un vecino.',
    en: 'Virtual machines and containers on a neighbour’s hardware.',
    de: 'Virtuelle Maschinen und Container auf der Hardware eines Nachbarn.',
  },
  icon: 'M4 4h16v6H4zM4 14h16v6H4zM7 7h1M7 17h1',
  defaultPort: 8_006,
  transports: ['tcp'],
  listed: 'when-announced',
  probe,
  cost: withPacketTrain({ packets: WEB_COST.packets + 6, bytes: WEB_COST.bytes + LIST_CAP + 600 }),
  scoredFrom: 3,
  metrics: pageMetrics(),
  use: (provider) => {
    const at = webAddress({ ...provider, facts: { https: String(provider.port), ...provider.facts } });
    if (at === null) return [];
    const label = { ca: 'Obriu la consola', es: 'Abra la consola', en: 'Open the console', de: 'Konsole öffnen' };
    return [
      {
        kind: 'note',
        label: {
          ca: 'Cal un compte: demaneu-lo a qui el manté. El navegador avisarà d’un certificat que no coneix.',
          es: 'Hace falta una cuenta: pídala a quien lo mantiene. El navegador avisará de un certificado que no conoce.',
          en: 'It takes an account: ask whoever runs it. The browser will warn of a certificate that it does not know.',
          de: 'Du brauchst ein Konto: Frag den Betreiber. Der Browser wird vor einem Zertifikat warnen, das er nicht kennt.',
        },
      },
      ...pageSteps(label, `${at}/`),
    ];
  },
};
export default proxmox;
