/** The page of settings, where the owner sets when measuring in the background happens and what it may cost. */
import { afterEach, describe, expect, it } from 'vitest';
import { startWeb, type TestWeb, Visitor } from './app.js';

let web: TestWeb;
afterEach(() => web.app.close());

const path = '/settings/background';
const terms = () => {
  const { hours, budget, chosenBudget } = web.panel.background.status();
  return { hours, budget, chosenBudget };
};
const chosen = (body: string, name: string) =>
  new RegExp(`<select name="${name}".*?<option value="(\\d+)" selected`, 's').exec(body)?.[1];

describe('hours and budget', () => {
  it('are set on the page and shown there afterwards', async () => {
    web = await startWeb();
    const owner = await new Visitor(web).login();
    const before = (await owner.get('/settings')).body;
    expect([chosen(before, 'from'), chosen(before, 'to')]).toEqual(['9', '24']);
    const answer = await owner.post(path, { from: '22', to: '6', megabytes: '1,5' });
    expect(answer.headers.location).toBe('/settings?saved=background#background');
    const { body } = await owner.get('/settings?saved=background');
    expect([chosen(body, 'from'), chosen(body, 'to')]).toEqual(['22', '6']);
    expect(body).toContain('name="megabytes" value="1.5"');
    expect(body).toContain('of 1.5\u00a0MB used in 24 hours');
    expect(body).toContain('<p role="status">Saved.</p>');
    expect(web.panel.store.events.newest(1)).toMatchObject([{ what: 'background-terms', by: 'owner' }]);
  });

  it('say what wins: half of the configured bytes, which an empty field means and no number exceeds', async () => {
    web = await startWeb();
    const owner = await new Visitor(web).login();
    await owner.post(path, { from: '8', to: '20', megabytes: '2' });
    expect((await owner.get('/settings')).body).toContain('5.4 MB, half of SCAN_BYTES_PER_DAY');
    await owner.post(path, { from: '8', to: '20', megabytes: '' });
    expect(terms()).toEqual({ hours: { from: 8, to: 20 }, budget: 5_400_000, chosenBudget: null });
  });

  it.each([
    [{ from: '8', to: '20', megabytes: 'lots' }, 'cs-budget-problem'],
    [{ from: '8', to: '20', megabytes: '0' }, 'cs-budget-problem'],
    [{ from: '8', to: '20', megabytes: '6' }, 'cs-budget-problem'],
    [{ from: '8', to: '8', megabytes: '3.3' }, 'cs-hours-problem'],
  ])('of %j are refused beside the field, with all that was typed', async (typed, problem) => {
    web = await startWeb();
    const owner = await new Visitor(web).login();
    const before = terms();
    const { statusCode, body } = await owner.post(path, typed);
    expect(statusCode).toBe(400);
    expect(body).toContain(`<p id="${problem}" class="cs-problem" role="alert">Not saved`);
    expect([chosen(body, 'from'), chosen(body, 'to')]).toEqual([typed.from, typed.to]);
    expect(body).toContain(`name="megabytes" value="${typed.megabytes}"`);
    expect(terms()).toEqual(before);
  });

  it('are set by programs, in numbers', async () => {
    web = await startWeb();
    const owner = await new Visitor(web).login();
    const answer = await owner.postJson(`/api/v1${path}`, { from: 0, to: 24, megabytes: 0.25 });
    expect(answer.json()).toMatchObject({ background: { hours: { from: 0, to: 24 }, budget: 250_000 } });
    const bad = await owner.postJson(`/api/v1${path}`, { from: 0, to: 24, megabytes: 99 });
    expect([bad.statusCode, bad.json().error.hint]).toEqual([400, expect.stringContaining('SCAN_BYTES_PER_DAY')]);
    expect(terms().budget).toBe(250_000);
  });

  it('are the owner’s alone', async () => {
    web = await startWeb();
    const reader = new Visitor(web);
    expect((await reader.get('/settings')).body).not.toContain('name="megabytes"');
    expect((await reader.post(path, { from: '1', to: '2', megabytes: '1' })).statusCode).toBe(401);
    expect(terms().hours).toEqual({ from: 9, to: 24 });
  });
});
