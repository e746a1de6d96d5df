/** Stopping what may carry the way by which the person came: a page asks first, and names the tunnel. */
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { localOf } from './fake-panel.js';

/** This machine's own networks, and a tunnel. */
vi.mock('../../plugin/node/tunnels.js', async (original) => {
  const { findTunnel } = await original<typeof import('../../plugin/node/tunnels.js')>();
  const tap0 = { ...{ address: '10.7.0.2', netmask: '255.255.0.0', mac: '' }, internal: false, cidr: '10.7.0.2/16' };
  const interfaces = () => ({ ...networkInterfaces(), tap0: [{ ...tap0, family: 'IPv4' as const }] });
  return { findTunnel: (address: string) => findTunnel(address, { interfaces, isTunnel: (name) => name === 'tap0' }) };
});

let web: TestWeb;
afterEach(() => web.app.close());

async function owner(prefix = ''): Promise<Visitor> {
  web = await startWeb({ prefix });
  return new Visitor(web).login(`${prefix}/`);
}

describe('a unit', () => {
  it.each([
    ['tincvpn', 'tinc@net.service'],
    ['serf', 'serf.service'],
  ])('of %s is stopped after a warning that needs no scripts', async (type, unit) => {
    const visitor = await owner('/cloudy');
    web.panel.states.set(type, localOf({ unit, state: 'running', enabled: true }));
    const { body } = await visitor.get(`/cloudy/services/${type}`);
    const link = /href="([^"]*confirm\/stop[^"]*)"/.exec(body)?.[1] ?? '';
    expect(body).not.toContain(`action="/cloudy/services/${type}/stop"`);
    const warning = await visitor.get(link);
    expect(warning.body).toContain('this page will stop answering');
    expect(warning.body).toContain(`sudo systemctl start ${unit}`);
    const form = warning.body.split('<form').find((part) => part.includes(`action="/cloudy/services/${type}/stop"`));
    expect(form).toContain(`value="${unit}"`);
    expect(web.panel.jobs.running()).toEqual([]);
  });

  it.each([
    ['10.7.99.1', 'You came here through the private network “tap0”'],
    ['192.0.2.1', 'Your connection to your neighbours goes through this service'],
  ])('is stopped from %s after the warning: %s', async (remoteAddress, words) => {
    const { cookies } = await owner();
    const visitor = new Visitor(web, {}, remoteAddress);
    for (const [name, value] of cookies) visitor.cookies.set(name, value);
    const { body } = await visitor.get('/services/tincvpn/confirm/stop');
    expect(body).toContain(words);
    expect(body.includes('tap0')).toBe(words.includes('tap0'));
  });
});
