/** Services of unknown kinds: listed with what they announce, and their port looked at. */
import { describe, expect, it } from 'vitest';
import other from '../../plugin/services/other.js';
import { closedPort, context, tcpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

describe('other', () => {
  it('an open port is level 2 with a round-trip time', async () => {
    expect(await other.probe(await tcpServer(), context())).toEqual({
      level: 2,
      samples: [{ metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' }],
      facts: {},
    });
  });

  it('a closed port is a refusal', async () => {
    expect(await other.probe(await closedPort(), context())).toEqual({ level: 1, reason: 'refused' });
  });

  it('gives address and port, since nobody knows how to use it', () => {
    expect(said(other.use(provider({ address: 'fd00::1', port: 8080 })))).toEqual(['[fd00::1]:8080']);
    expect(other.use(provider({ port: null }))).toEqual([]);
  });

  it('shows every attribute as announced, those without key too', () => {
    const shown = other.describe?.(
      new Map([
        ['path', '/dav'],
        ['', 'bare'],
      ]),
    );
    expect(shown).toMatchObject([
      { label: { ca: 'path' }, value: '/dav' },
      { label: { en: 'Text' }, value: 'bare' },
    ]);
  });
});
