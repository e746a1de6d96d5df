/** What a member runs in a container and announces: as a rule a web application, of any kind. */
import type { Failure } from '../../model/level.js';
import { httpTimes, pageMetrics } from '../../probe/http.js';
import { isFailed, type ProbeResult, type Prober } from '../../probe/index.js';
import { withPacketTrain } from '../../probe/ping.js';
import { httpsFact, WEB_COST, type WebAnswer, webOnce } from '../../probe/web.js';
import type { ServiceType } from '../contract.js';
import { CONVERSATION_COST, converse } from './conversations.js';
import { toProgram } from './images.js';
import { PAGE_CAP, PAGES } from './pages.js';
import { steps } from './use.js';

const HEAD = { method: 'HEAD', path: '/', bodyCap: 0 } as const;
/** Longest wait for the head of a web application: with what went before it, a probe stays below 8 s, ms. */
const AFTER_LIMIT_MS = 5_000;

/** Asks the announced program in its own words where there are some, and then as any web application. */
const probe: Prober = async (target, context) => {
  const program = toProgram(target.description ?? '');
  const spoken = program && (await converse(program, target, context));
  if (spoken) return spoken;
  const page = (program && PAGES[program]) || null;
  const question = page ? ({ method: 'GET', path: page.path, bodyCap: PAGE_CAP } as const) : HEAD;
  const answer = await webOnce(target, { ...question, limitMs: AFTER_LIMIT_MS }, context);
  if ('level' in answer) return withoutBlame(answer);
  const found = page?.read(answer) ?? null;
  if (found === null) return page && answer.status >= 500 ? UNPROVEN : anyWeb(answer);
  if (isFailed(found)) return found;
  return { level: 3, samples: httpTimes(answer), facts: { ...found, ...httpsFact(answer) } };
};

/** Any answer of a web server counts, even a redirect or a demand to log in, unless it reports itself broken. */
function anyWeb(answer: WebAnswer): ProbeResult {
  if (answer.status >= 500) return { level: 3, reason: 'broken', detail: `HTTP ${answer.status}` };
  const software = answer.headers.get('server')?.slice(0, 100);
  return { level: 3, samples: httpTimes(answer), facts: { ...(software ? { software } : {}), ...httpsFact(answer) } };
}

/** The port is open; nothing has failed. */
const UNPROVEN: ProbeResult = { level: 2, samples: [], facts: {} };

const OTHERS: ReadonlySet<Failure> = new Set<Failure>(['wrong-protocol', 'closed', 'timeout']);

/**
 * The announcement does not say that it is a web application: an open port that answers otherwise, hangs up or waits is
 * a database or a game as well (what begins as HTTP and goes wrong does tell). Nothing is proven then, and nothing has failed.
 */
function withoutBlame(result: ProbeResult): ProbeResult {
  const isOther = isFailed(result) && result.level === 2 && OTHERS.has(result.reason) && result.detail === undefined;
  return isOther ? UNPROVEN : result;
}

const docker: ServiceType = {
  id: 'Docker',
  title: { ca: 'Aplicacions Docker', es: 'Aplicaciones Docker', en: 'Docker applications', de: 'Docker-Anwendungen' },
  summary: {
    ca: 'Programes que els veïns tenen en contenidors Docker. La descripció diu quin és cadascun.',
    es: 'Programas que los vecinos tienen en contenedores Docker. La descripción dice cuál es cada uno.',
    en: 'Programs that neighbours run in Docker containers. The description says what each one is.',
    de: 'Programme, die Nachbarn in Docker-Containern betreiben. Was es jeweils ist, sagt die Beschreibung.',
  },
  icon: 'M3 12h4v4H3zM8 12h4v4H8zM13 12h4v4h-4zM8 7h4v4H8zM2 19h15c3 0 5-2 5-5',
  defaultPort: null,
  transports: ['tcp'],
  listed: 'when-announced',
  probe,
  cost: withPacketTrain({
    packets: WEB_COST.packets + 2 + CONVERSATION_COST.packets,
    bytes: WEB_COST.bytes + PAGE_CAP + CONVERSATION_COST.bytes,
  }),
  scoredFrom: 3,
  metrics: pageMetrics(),
  use: steps,
};
export default docker;
