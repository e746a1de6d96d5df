/** Scans begun from the first page: of one type, or of all. What all scans share keeps them polite. */
import { asPanelError, PanelError } from '../../../model/errors.js';
import type { Job } from '../../../model/job.js';
import type { Panel, TypeSummary } from '../../../panel/contract.js';
import type { Quote } from '../../../scan/selection.js';

export interface Refused {
  readonly type: string;
  readonly error: PanelError;
}

export interface Scans {
  readonly jobs: readonly Job[];
  /** The types whose scan could not begin. */
  readonly refused: readonly Refused[];
}

/**
 * What "all" is: the types that this panel has a probe for. Strangers make up as many unknown ones as they like, and each
 * scan may spend a part of the day's bytes on them.
 */
export const isInAll = ({ type, typeId, providers }: Pick<TypeSummary, 'type' | 'typeId' | 'providers'>) =>
  type.id === typeId && providers > 0;

/** The types that "all" scans, with what each costs. */
export function quoteAll(panel: Pick<Panel, 'quote'>, services: readonly TypeSummary[]): ReadonlyMap<string, Quote> {
  const quotes = services.filter(isInAll).map(({ typeId }) => [typeId, panel.quote(typeId)] as const);
  return new Map(quotes.filter(([, { providers }]) => providers > 0));
}

/** The sum of all quotes. They share one pool, so that their times add up. */
export function sum(quotes: Iterable<Quote>): Pick<Quote, 'providers' | 'bytes' | 'seconds'> {
  const total = { providers: 0, bytes: 0, seconds: 0 };
  for (const { providers, bytes, seconds } of quotes) {
    total.providers += providers;
    total.bytes += bytes;
    total.seconds += seconds;
  }
  return total;
}

/** @throws PanelError where not one begins */
export function startScans(panel: Pick<Panel, 'scan'>, types: readonly string[]): Scans {
  const jobs: Job[] = [];
  const refused: Refused[] = [];
  for (const type of types) {
    try {
      jobs.push(panel.scan(type));
    } catch (error) {
      if (!(error instanceof PanelError)) throw error;
      refused.push({ type, error: asPanelError(error) });
    }
  }
  if (jobs.length === 0) throw refused[0]?.error ?? nothingToScan();
  return { jobs, refused };
}

const nothingToScan = () =>
  new PanelError(
    'nothing-to-scan',
    'There is nothing here that may be measured.',
    'Wait until a neighbour announces a service.',
  );
