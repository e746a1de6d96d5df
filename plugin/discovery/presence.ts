/** Tells the log when a source goes and when it returns, so that the journal has the reason for a list that stands still. */
import { log } from '../lib/log.js';
import { cleanText } from '../lib/text.js';
import type { Discovery } from './contract.js';
import type { SourceState, SourceStatus } from './source.js';

/** Least time between two looks, ms: a source that comes and goes each second must not fill the journal. */
const PAUSE_MS = 5_000;
/** Longest reason in a line, characters. */
const MAX_REASON = 300;

/** @returns stops it */
export function logPresence(discovery: Pick<Discovery, 'sources' | 'agent' | 'onChange'>): () => void {
  const told = new Map<string, SourceState>();
  let timer: NodeJS.Timeout | null = null;
  const look = () => {
    const agent = discovery.agent()?.name;
    for (const source of discovery.sources()) tell(source, told, source.name === agent);
  };
  const onChange = () => {
    if (timer !== null) return;
    look();
    timer = setTimeout(() => {
      timer = null;
      look();
    }, PAUSE_MS);
    timer.unref();
  };
  const unsubscribe = discovery.onChange(onChange);
  return () => {
    unsubscribe();
    if (timer !== null) clearTimeout(timer);
  };
}

/** @param isNeeded whether it is missed where it never was there: other programs need not be installed */
function tell({ name, state, error }: SourceStatus, told: Map<string, SourceState>, isNeeded: boolean): void {
  const before = told.get(name);
  if (state === before || (state !== 'up' && state !== 'away')) return;
  if (state === 'away' && before === undefined && !isNeeded) return;
  told.set(name, state);
  const reason = error === undefined ? '' : `: ${cleanText(`${error.message} ${error.hint}`, MAX_REASON)}`;
  if (state === 'away') log.warning(`The source ${name} is away${reason}`);
  else if (before === 'away') log.info(`The source ${name} is back.`);
}
