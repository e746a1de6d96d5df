/** `/metrics`: closed without its token, and bounded whatever strangers announce. */
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { ranked, SERF_AWAY } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

const TOKEN = 'a long word';

async function scrape(authorization = `Bearer ${TOKEN}`) {
  return new Visitor(web).get('/metrics', { authorization });
}

/** Each line's value by its name and labels. */
function readValues(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('without the token', () => {
  it('answers 404 where no token is configured, whatever is sent', async () => {
    web = await startWeb();
    for (const authorization of [`Bearer ${TOKEN}`, 'Bearer null', 'Bearer ', ''])
      expect((await scrape(authorization)).statusCode).toBe(404);
  });

  it('nobody can read the metrics, not even the owner', async () => {
    web = await startWeb({ config: { metricsToken: TOKEN } });
    for (const authorization of ['', 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN]) {
      const answer = await scrape(authorization);
      expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
      expect(answer.json().error.code).toBe('login-required');
    }
    const owner = await new Visitor(web).login();
    expect((await owner.get('/metrics')).statusCode).toBe(401);
  });
});

describe('with the token', () => {
  it('the metrics count providers by state, jobs, probes, bytes and sources', async () => {
    web = await startWeb({ config: { metricsToken: TOKEN } });
    const { panel } = web;
    panel.sourceList = [...panel.sourceList, { ...SERF_AWAY, name: 'avahi' }];
    panel.scan('dnsservice');
    await setImmediate();
    await panel.end(new Error('no'));
    const tried = { type: 'dnsservice', provider: 'p', at: 1, bytes: 300 };
    panel.store.attempts.add({ ...tried, reason: null, level: 3, samples: [], facts: {} });
    panel.store.attempts.add({ ...tried, at: 2, bytes: 60, reason: 'timeout', level: 0, detail: null });
    const answer = await scrape();
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const values = readValues(answer.body);
    const of = (state: string) => values.get(`cloudy_services_providers{type="dnsservice",state="${state}"}`);
    const states = ['good', 'weak', 'unproven', 'unchecked', 'failed', 'barred', 'new'];
    expect(states.map((state) => of(state) ?? 0).reduce((sum, count) => sum + count)).toBe(30);
    expect(of('failed')).toBe(6);
    const best = panel.lists.get('dnsservice')?.[0]?.provider.id;
    expect(values.get(`cloudy_services_best_score{type="dnsservice",provider="${best}"}`)).toBe(94.4);
    expect([...values.keys()].filter((key) => key.includes('provider="'))).toHaveLength(1);
    expect(values.get('cloudy_services_source_up{source="serf"}')).toBe(1);
    expect(values.get('cloudy_services_source_up{source="avahi"}')).toBe(0);
    expect(values.get('cloudy_services_jobs_total{kind="scan",state="failed"}')).toBe(1);
    expect(values.get('cloudy_services_jobs_running')).toBe(0);
    expect(values.get('cloudy_services_probes_total{result="answered"}')).toBe(1);
    expect(values.get('cloudy_services_probes_total{result="failed"}')).toBe(1);
    expect(values.get('cloudy_services_probe_bytes_total')).toBe(360);
    expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(values.get('cloudy_services_event_loop_lag_seconds')).toBeGreaterThanOrEqual(0);
  });

  it('the metrics do not grow with the types that strangers announce', async () => {
    web = await startWeb({ config: { metricsToken: TOKEN } });
    const before = readValues((await scrape()).body).size;
    for (let index = 0; index < 50; index++) {
      const word = `x"\n${index}`;
      web.panel.lists.set(word, [ranked(word, index)]);
    }
    const { body } = await scrape();
    expect(readValues(body).size).toBe(before);
    expect(readValues(body).get('cloudy_services_other_providers')).toBe(50);
  });
});
