/** What a member runs in a container and announces: as a rule a web application, of any kind. */
import type { Failure } from '../model/level.js';
import { httpTimes, pageMetrics } from '../probe/http.js';
import { isFailed, type ProbeResult, type Prober } from '../probe/index.js';
import { withPacketTrain } from '../probe/ping.js';
import { httpsFact, WEB_COST, webAddress, webOnce } from '../probe/web.js';
import type { ServiceType } from './contract.js';
import { pageSteps } from './steps.js';

/** Any answer of a web server counts, even a redirect or a demand to log in, unless it reports itself broken. */
const probe: Prober = async (target, context) => {
  const answer = await webOnce(target, { method: 'HEAD', path: '/', bodyCap: 0 }, context);
  if ('level' in answer) return withoutBlame(answer);
  if (answer.status >= 500) return { level: 3, reason: 'broken', detail: `HTTP ${answer.status}` };
  const software = answer.headers.get('server')?.slice(0, 100);
  return { level: 3, samples: httpTimes(answer), facts: { ...(software ? { software } : {}), ...httpsFact(answer) } };
};

const OTHERS: ReadonlySet<Failure> = new Set<Failure>(['wrong-protocol', 'closed', 'timeout']);

/**
 * The announcement does not say that it is a web application: an open port that answers otherwise, hangs up or waits is
 * a database or a game as well (what begins as HTTP and goes wrong does tell). Nothing is proven then, and nothing has failed.
 */
function withoutBlame(result: ProbeResult): ProbeResult {
  const isOther = isFailed(result) && result.level === 2 && OTHERS.has(result.reason) && result.detail === undefined;
  return isOther ? { level: 2, samples: [], facts: {} } : result;
}

const docker: ServiceType = {
  id: 'Docker',
  title: { ca: 'Aplicacions Docker', es: 'Aplicaciones Docker', en: 'Docker applications' },
  summary: {
    ca: 'Programes que els veïns tenen en contenidors Docker. La descripció diu quin és cadascun.',
    es: 'Programas que los vecinos tienen en contenedores Docker. La descripción dice cuál es cada uno.',
    en: 'Programs that neighbours run in Docker containers. The description says what each one is.',
  },
  icon: 'M3 12h4v4H3zM8 12h4v4H8zM13 12h4v4h-4zM8 7h4v4H8zM2 19h15c3 0 5-2 5-5',
  defaultPort: null,
  transports: ['tcp'],
  listed: 'when-announced',
  probe,
  cost: withPacketTrain(WEB_COST),
  scoredFrom: 3,
  metrics: pageMetrics(),
  use: (provider) => {
    const at = webAddress(provider);
    if (at === null) return [];
    return pageSteps({ ca: 'Obriu l’aplicació', es: 'Abra la aplicación', en: 'Open the application' }, `${at}/`);
  },
};
export default docker;
