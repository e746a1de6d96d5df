/** Behind a real nginx that keeps or strips the path, with a BASE_PATH that fits or does not: no loop, and a page that says why. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { startDaemon } from '../../plugin/daemon/index.js';
import { until } from './agents.js';
import { freePort } from './programs.js';

/** @param slash what follows the panel's address in `proxy_pass`: with a slash, nginx strips the path @returns where nginx answers */
async function behindNginx(basePath: string, slash: '' | '/'): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'base-path-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const config = {
    ...loadConfig({ env: {}, file: '' }),
    basePath,
    dataDir: folder,
    listen: { host: '127.0.0.1', port: 0 },
  };
  const daemon = await startDaemon({ ...config, language: 'en' }, true);
  onTestFinished(() => daemon.close());
  const address = `127.0.0.1:${await freePort('127.0.0.1')}`;
  const file = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`);
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log; events {}
    http { access_log off; ${temporary.join(' ')}
      server { listen ${address};
        location /cloudy/ { proxy_pass http://${new URL(daemon.url ?? '').host}${slash}; proxy_set_header Host $http_host; } } }`,
  );
  const nginx = spawn('/usr/sbin/nginx', ['-c', file, '-e', `${folder}/nginx.log`], { stdio: 'ignore' });
  onTestFinished(async () => {
    nginx.kill('SIGKILL');
    await once(nginx, 'exit');
  });
  const origin = `http://${address}`;
  await until('nginx answers', () =>
    fetch(origin).then(
      () => true,
      () => false,
    ),
  );
  return `${origin}/cloudy`;
}

/** Status, and text, after all redirects: a loop would throw. */
const get = async (url: string) => {
  const answer = await fetch(url, { headers: { accept: 'text/html' } });
  return { status: answer.status, url: answer.url, text: await answer.text() };
};

it('that keeps the path shows the pages, with slashes put right', async () => {
  const cloudy = await behindNginx('/cloudy/', '');
  expect(await get(`${cloudy}/help/?a=b`)).toMatchObject({ status: 200, url: `${cloudy}/help?a=b` });
  expect((await get(`${cloudy}//`)).status).toBe(200);
});

it.each([
  ['strips the path that BASE_PATH names', '/cloudy/', '/', '/cloudy/'],
  ['keeps a path that BASE_PATH does not name', '/', '', '/'],
] as const)('that %s shows a page that says so', async (_, basePath, slash, base) => {
  const cloudy = await behindNginx(basePath, slash);
  for (const path of ['/', '/help', '/services/dnsservice']) {
    const { status, text } = await get(cloudy + path);
    expect(status).toBe(404);
    expect(text).toContain(`It answers at ${base}.`);
  }
});

it('that strips the path shows the pages of a panel without BASE_PATH, whose links it does not know', async () => {
  const cloudy = await behindNginx('/', '/');
  const { status, text } = await get(`${cloudy}/help`);
  expect(status).toBe(200);
  expect(text).toContain('href="/"');
});
