/** How long the rest of a scan may take: what its attempts took, shared out over what runs at once. */
import { describe, expect, it } from 'vitest';
import { Forecast } from '../../plugin/scan/run/forecast.js';
import type { Prospect } from '../../plugin/scan/selection.js';
import { providerAt } from './made.js';

const prospect = (address: string, answered: boolean): Prospect => ({
  ...{ target: { ...providerAt(address), port: 53 }, measuredAt: null, answered },
});

function started(count: number, answered: boolean, concurrency = 2) {
  const clock = { now: 0 };
  const forecast = new Forecast(concurrency, () => clock.now);
  const all = Array.from({ length: count }, (_, at) => prospect(`10.0.0.${at}`, answered));
  forecast.expect(all);
  const [one] = all;
  if (!one) throw new Error('none');
  return { clock, forecast, all, one };
}

describe('the forecast', () => {
  it('shares what is waiting out over what runs at once', () => {
    const { forecast, all, one, clock } = started(8, true);
    forecast.begin(one);
    clock.now = 1_000;
    forecast.end(one, true);
    expect(forecast.leftMs()).toBe((all.length - 1) * 500);
  });

  it('does not try one host twice at once', () => {
    const clock = { now: 0 };
    const forecast = new Forecast(8, () => clock.now);
    forecast.expect(Array.from({ length: 4 }, () => prospect('10.0.0.1', true)));
    expect(forecast.leftMs()).toBe(4 * 400);
  });

  it('expects what is late by its like to be silent until its probe gives up', () => {
    const { forecast, one, clock } = started(1, true);
    forecast.begin(one);
    clock.now = 100;
    expect([forecast.leftMs(), forecast.trying]).toEqual([300, [one.target.id]]);
    clock.now = 1_000;
    expect(forecast.leftMs()).toBe(4_000);
    clock.now = 60_000;
    expect(forecast.leftMs()).toBe(0);
  });

  it('expects what has answered in this scan to answer as quickly again', () => {
    const { forecast, one, clock } = started(1, false);
    forecast.begin(one);
    clock.now = 50;
    forecast.end(one, true);
    forecast.expect([one]);
    expect([forecast.leftMs(), forecast.answerMs]).toEqual([50, 50]);
  });
});
