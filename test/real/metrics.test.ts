/** `/metrics` as Prometheus' own checker reads it. */
import { execFile } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { startWeb, Visitor } from '../web/app.js';
import { ranked } from '../web/fake-panel.js';

const TOKEN = 'a long word';

/** What `promtool check metrics` has to say; empty when nothing. */
function lint(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('promtool', ['check', 'metrics'], (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve(`${error ? `ends with ${error.code} ` : ''}${stdout}${stderr}`);
    });
    child.stdin?.end(text);
  });
}

it('passes promtool without a warning, also with the types that strangers announce', async () => {
  const web = await startWeb({ config: { metricsToken: TOKEN } });
  onTestFinished(() => web.app.close());
  const scrape = async () => (await new Visitor(web).get('/metrics', { authorization: `Bearer ${TOKEN}` })).body;
  web.panel.scan('dnsservice');
  await setImmediate();
  await web.panel.end();
  expect(await lint(await scrape())).toBe('');
  for (let index = 0; index < 50; index++) {
    const word = `x"\n${index}`;
    web.panel.lists.set(word, [ranked(word, index)]);
  }
  expect(await lint(await scrape())).toBe('');
  expect(await lint('bad-name 1\n')).not.toBe('');
});
