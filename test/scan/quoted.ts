/** What a panel that is made up for a test says of a scan of all: that it measures everybody. */

import type { Ranked } from '../../plugin/model/ranked.js';
import { scanCost } from '../../plugin/scan/cost.js';
import type { Quote } from '../../plugin/scan/selection.js';
import type { ServiceType } from '../../plugin/services/contract.js';

export function quoteOf(type: ServiceType, rows: readonly Pick<Ranked, 'provider'>[]): Quote {
  const targets = rows.map(({ provider }) => provider).filter(({ barred }) => barred === null);
  return { providers: targets.length, left: 0, ...scanCost(type, targets), seconds: 20 };
}
