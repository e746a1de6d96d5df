/** Only the registry's own units are ever named to systemctl and journalctl, whatever a request asks for. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERBS } from '../../plugin/model/unit.js';
import { Visitor } from './app.js';
import { startWhole, UNIT, type Whole } from './whole.js';

let whole: Whole;
let owner: Visitor;
beforeAll(async () => {
  whole = await startWhole();
  owner = await new Visitor(whole).login();
  // Another type's unit, and an instance that nobody may act on.
  whole.systemctl.unit('squid.service', 'active');
  whole.systemctl.unit('syncthing@root.service', 'active');
});
afterAll(() => whole.close());

const WORDS = [
  ...['ssh', 'ssh.service', 'squid.service', 'unbound', 'reboot.target', '/etc/systemd/system/x.service'],
  ...[
    'syncthing@root',
    'syncthing@root.service',
    'syncthing@.service',
    'syncthing@*.service',
    'syncthing@a/../b.service',
  ],
  ...['dnsservice;reboot', '$(reboot)', '`reboot`', '| reboot', `${UNIT};reboot`, `${UNIT} ssh.service`],
  ...['../unbound', `../${UNIT}`, `./${UNIT}`, '*', 'unbound*', '?nbound.service', '[u]nbound.service'],
  ...['dnsservice%00', `${UNIT}\0`, `${UNIT}\n`, `ssh.service\n${UNIT}`, ` ${UNIT}`, '\t', UNIT.toUpperCase()],
  ...['-H evil', '--host=evil', '--root=/', '-M x', '--', '--force', `--unit=${UNIT}`, '_PID=1', '--file=/etc/shadow'],
  ...[
    'cloudy-services-enable@ssh.service.service',
    'cloudy-services.service',
    'ｕｎｂｏｕｎｄ.service',
    'u\u0308nbound.service',
  ],
  ...['__proto__', 'constructor', 'null', 'x'.repeat(60_000)],
];

/** What systemd was asked to do. */
const acts = () => whole.systemctl.calls().filter((call) => !call.includes('show'));

/** The id of the job that the request began: every second one comes from a program. */
async function begun(path: string, unit: string, byApi: boolean): Promise<string> {
  if (byApi) return (await owner.postJson(`/api/v1/${path}`, { unit })).json().job.id;
  return (await owner.post(`/${path}`, { unit })).headers.location?.split('/').at(-1) ?? '';
}

it.each(VERBS)('%s refuses every other unit, by form and by API', async (verb) => {
  for (const [nth, unit] of WORDS.entries()) {
    const job = await whole.panel.jobs.ended(await begun(`services/dnsservice/${verb}`, unit, nth % 2 === 1));
    expect(job, unit.slice(0, 80)).toMatchObject({ state: 'failed', error: { code: 'unit-refused' } });
  }
  expect(acts()).toEqual([]);
});

describe('the log', () => {
  it('refuses every other unit, as a page and by API', async () => {
    for (const unit of WORDS) {
      const query = `?unit=${encodeURIComponent(unit.slice(0, 5_000))}`;
      expect((await owner.get(`/services/dnsservice/log${query}`)).statusCode, unit).toBe(403);
      expect((await owner.get(`/api/v1/services/dnsservice/log${query}`)).json().error.code, unit).toBe('unit-refused');
    }
    expect(whole.logsRead()).toBe('');
  });

  it('reads a unit of the type, and no other', async () => {
    expect((await owner.get(`/api/v1/services/dnsservice/log?unit=${UNIT}`)).json().lines).toEqual([
      'a line of the log',
    ]);
    expect(whole.logsRead().trim().split('\n')).toEqual([
      expect.stringMatching(new RegExp(`^--unit=${UNIT.replaceAll('.', '\\.')}\\|`)),
    ]);
  });
});

it('shows no other unit in the command of the stop page', async () => {
  const page = (unit: string) => owner.get(`/services/dnsservice/confirm/stop?unit=${encodeURIComponent(unit)}`);
  expect((await page(UNIT)).body).toContain(`sudo systemctl start ${UNIT}`);
  for (const unit of WORDS) {
    const { statusCode, body } = await page(unit.slice(0, 5_000));
    expect(statusCode, unit).toBe(403);
    expect(body).not.toContain('sudo systemctl');
  }
});

describe('a type that is not built in', () => {
  const paths = [...VERBS, 'publish', 'unpublish'];

  it.each(['ssh', 'ssh.service', UNIT, 'syncthing@root', 'dnsservice;reboot', '-H evil', '__proto__', 'constructor'])(
    '%j has nothing to act on, announce, preview or read',
    async (type) => {
      const before = whole.state();
      const at = encodeURIComponent(type);
      for (const verb of paths) {
        expect((await owner.post(`/services/${at}/${verb}`)).statusCode, verb).toBe(404);
        expect((await owner.postJson(`/api/v1/services/${at}/${verb}`)).statusCode, verb).toBe(404);
      }
      for (const page of [`/services/${at}/log`, `/services/${at}/confirm/stop`]) {
        expect((await owner.get(page)).statusCode, page).toBe(404);
      }
      for (const name of ['log', 'preview', 'own']) {
        expect((await owner.get(`/api/v1/services/${at}/${name}?description=x`)).statusCode, name).toBe(404);
      }
      expect(whole.state()).toBe(before);
    },
  );
});

it('whatever was asked, systemctl and journalctl were told of no unit beyond the registry’s', () => {
  const known = whole.panel.services.types.flatMap(
    ({ local }) => local?.units.map(({ unit }) => unit.replace('@.', '@*.')) ?? [],
  );
  const named = whole.systemctl.calls().flatMap((call) => call.slice(call.indexOf('--') + 1));
  expect(new Set(named)).toEqual(new Set(known));
  expect(whole.logsRead()).not.toMatch(/reboot|evil|root|ssh/);
});
