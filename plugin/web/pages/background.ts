/** The switch of the measuring that nobody asks for, and what it is doing. */
import { PanelError } from '../../model/errors.js';
import { bodyField } from '../auth/index.js';
import type { Web } from '../context.js';
import { redirect } from '../reply/respond.js';
import type { Visit } from '../visit.js';
import { noteDeed } from './events.js';

export function backgroundModel({ panel }: Web) {
  const { on, next, waiting, spentToday, budget, last } = panel.background.status();
  return {
    on,
    next: next === null ? null : new Date(next).toISOString(),
    waiting,
    /** Bytes of the last 24 hours, and the most that leaves room for a person's own scans. */
    spentToday,
    budget,
    last: last && { ...last, at: new Date(last.at).toISOString() },
  };
}

/** @throws PanelError bad-request */
function turn(web: Web, visit: Visit): void {
  const wanted = bodyField(visit.request, 'turn');
  if (wanted === 'on') web.panel.background.on();
  else if (wanted === 'off') web.panel.background.off();
  else throw new PanelError('bad-request', 'It can be turned on or off.', 'Send turn=on or turn=off.');
  noteDeed(web, visit, `background-${wanted}`);
}

export async function background(web: Web, visit: Visit) {
  turn(web, visit);
  return redirect(visit, `${web.base}#background`);
}

export async function backgroundApi(web: Web, visit: Visit) {
  turn(web, visit);
  return { background: backgroundModel(web) };
}
