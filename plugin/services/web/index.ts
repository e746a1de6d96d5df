/** Web sites of neighbours: any page, wherever it is announced as one. */
import { plainPath } from '../../model/provider.js';
import { HEAD_COST, httpTimes, pageMetrics } from '../../probe/http.js';
import type { ProbeContext, Prober, Target } from '../../probe/index.js';
import { withPacketTrain } from '../../probe/ping.js';
import { httpsFact, tlsFacts, WEB_COST, type WebAnswer, webAddress, webAgain, webOnce } from '../../probe/web.js';
import type { ServiceType, Usable } from '../contract.js';
import { pageSteps } from '../steps.js';

/** Where a page's title is, as a rule; a machine may send more before it hears that this is enough, bytes. */
const TITLE_CAP = 8_192;

/**
 * Any answer of a web server counts, even a redirect or a demand to log in, unless it reports itself broken: 501 only
 * says that it knows no HEAD. The title costs a page, so only a person's request makes us ask for it.
 */
const probe: Prober = async (target, context) => {
  const path = plainPath(target.txt);
  const answer = await webOnce(target, { method: 'HEAD', path, bodyCap: 0 }, context);
  if ('level' in answer) return answer;
  const { status, headers } = answer;
  if (status >= 500 && status !== 501) return { level: 3, reason: 'broken', detail: `HTTP ${status}` };
  const software = headers.get('server')?.slice(0, 100);
  const name = context.asked ? await title(target, path, context, answer) : '';
  const certified = { ...httpsFact(answer), ...tlsFacts(target, answer) };
  const facts = { ...(name && { name }), ...(software && { software }), ...BARRIERS[status], ...certified };
  return { level: 3, samples: httpTimes(answer), facts };
};

const BARRIERS: Readonly<Record<number, Record<string, string>>> = {
  401: { login: 'required' },
  403: { access: 'forbidden' },
};

/** Empty where it has none; a failure here takes away nothing that was proven before. */
async function title(target: Target, path: string, context: ProbeContext, first: WebAnswer): Promise<string> {
  const question = { method: 'GET', path, bodyCap: TITLE_CAP, limitMs: 3_000 } as const;
  const answer = await webAgain(target, question, context, first);
  if ('level' in answer || answer.status !== 200) return '';
  const [, text = ''] = /<title[^>]{0,200}>([^<]{1,400})/i.exec(answer.body) ?? [];
  return text.replace(/\s+/g, ' ').trim().slice(0, 100);
}

/** As the last probe found it; before that, as it is announced. */
function webAt(provider: Usable): string | null {
  const { txt, port, facts } = provider;
  const isSecure = facts === undefined && txt.get('scheme') === 'https';
  return webAddress({ ...provider, ...(isSecure && { facts: { https: String(port) } }) });
}

const web: ServiceType = {
  id: 'web',
  aliases: ['http', 'https'],
  links: [{ scheme: 'http' }, { scheme: 'https' }, { scheme: 'guifi', word: 'web' }],
  title: { ca: 'Pàgines web', es: 'Páginas web', en: 'Web sites', de: 'Webseiten' },
  summary: {
    ca: 'Pàgines dels veïns, que s’obren sense passar per Internet.',
    es: 'Páginas de los vecinos, que se abren sin pasar por Internet.',
    en: 'Neighbours’ pages, which open without going through the Internet.',
    de: 'Seiten von Nachbarn, die sich ohne Umweg über das Internet öffnen.',
  },
  icon: 'M3 5h18v14H3zM3 9h18M6 7h1M9 7h1',
  defaultPort: 80,
  transports: ['tcp'],
  listed: 'when-announced',
  probe,
  cost: withPacketTrain(WEB_COST),
  // A connection more, by HTTPS at most, and the beginning of a page.
  askedCost: { packets: HEAD_COST.packets + 40, bytes: 40_000 },
  scoredFrom: 3,
  metrics: pageMetrics(),
  use: (provider) => {
    const at = webAt(provider);
    if (at === null) return [];
    const label = { ca: 'Obriu la pàgina', es: 'Abra la página', en: 'Open the page', de: 'Seite öffnen' };
    return pageSteps(label, `${at}${plainPath(provider.txt)}`);
  },
  describe: (txt) => {
    const path = plainPath(txt);
    return path === '/' ? [] : [{ label: { ca: 'Carpeta', es: 'Carpeta', en: 'Folder', de: 'Ordner' }, value: path }];
  },
};
export default web;
