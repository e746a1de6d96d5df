/** A service type as a card of the first page: the answer, how sure it is, and what one click costs. */
import type { TypeSummary } from '../../panel/contract.js';
import type { Quote } from '../../scan/selection.js';
import { availabilityBar } from '../chart.js';
import type { Words } from '../i18n.js';
import type { Verdict } from '../row.js';
import { type ServiceModel, serviceModel } from '../service.js';

/** What a card may show beside its summary. */
interface More {
  /** By provider (see `Panel.bars`). */
  readonly bars: ReadonlyMap<string, Uint8Array>;
  /** null where this visitor may not scan. */
  readonly quote: Quote | null;
}

/** @param summary as this visitor may see it */
export function cardModel(summary: TypeSummary, { bars, quote }: More, words: Words) {
  const model = serviceModel(summary, words);
  return {
    ...model,
    /** The state that colours its edge. */
    edge: edge(model),
    bar: model.best && availabilityBar(bars.get(model.best.id)),
    /** Why nobody is recommended; null where somebody is, or nobody was tried. */
    none: model.best || model.measured === 0 ? null : noneText(summary, words),
    scan: quote && quote.providers > 0 ? quote : null,
    /** Makes a linked list show all rows that are counted, hidden ones too. */
    counted: summary.ranked.some(({ hidden }) => hidden) ? { hidden: 'yes' } : {},
  };
}

function edge({ best, measured, reachable }: ServiceModel): Verdict {
  if (best) return best.verdict;
  if (measured === 0) return 'new';
  return reachable > 0 ? 'unchecked' : 'failed';
}

function noneText({ ranked, measured }: TypeSummary, { t }: Words) {
  const text = ranked.some(({ provider, score }) => provider.self && (score ?? 0) > 0)
    ? t('headline.here')
    : ranked.some(({ reason, failures }) => reason === 'not-checked' && failures === 0) && t('headline.unscored');
  return { text: text || t('headline.none', { count: measured }), isCount: !text };
}

/** "20 s", "3 min": in steps that an estimate deserves. */
export function about(seconds: number, words: Words): string {
  if (seconds > 90) return `${words.number(Math.round(seconds / 60))}\u00a0min`;
  const step = seconds > 10 ? 5 : 1;
  return `${words.number(Math.ceil(seconds / step) * step)}\u00a0s`;
}
