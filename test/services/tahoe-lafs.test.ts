/** Tahoe-LAFS introducers: the port is looked at; the address of the grid is built from checked parts only. */
import { describe, expect, it } from 'vitest';
import tahoe from '../../plugin/services/tahoe-lafs.js';
import { closedPort, context, tcpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

const TUB = 'abcdefghijklmnopqrstuvwxyz234567';
const at = (txt: [string, string][], more = {}) => provider({ port: 3456, txt: new Map(txt), ...more });

describe('tahoe-lafs', () => {
  it('an open port is level 2 with a round-trip time', async () => {
    expect(await tahoe.probe(await tcpServer(), context())).toEqual({
      level: 2,
      samples: [{ metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' }],
      facts: {},
    });
  });

  it('a closed port is a refusal', async () => {
    expect(await tahoe.probe(await closedPort(), context())).toEqual({ level: 1, reason: 'refused' });
  });

  it('a whole furl is joined at the announced address, whatever place the furl names', () => {
    const announced = at([['furl', `pb://${TUB}@tcp:evil.example:1/swissnum2345`]], { address: 'fd00::1' });
    expect(said(tahoe.use(announced))).toEqual([
      `pb://${TUB}@[fd00::1]:3456/swissnum2345`,
      `tahoe create-client --introducer=pb://${TUB}@[fd00::1]:3456/swissnum2345`,
    ]);
  });

  it('a bare tub id is good for old grids only, and says so', () => {
    expect(said(tahoe.use(at([['', TUB]])))).toEqual([
      `pb://${TUB}@10.1.2.3:3456/introducer`,
      `tahoe create-client --introducer=pb://${TUB}@10.1.2.3:3456/introducer`,
      'note',
    ]);
  });

  it.each([
    ['a furl with a command in it', [['furl', `pb://${TUB}@x:1/$(reboot)`]]],
    ['a tub id of the wrong length', [['', 'abc']]],
    ['nothing', []],
  ] as [string, [string, string][]][])('%s gives no command', (_, txt) => {
    expect(said(tahoe.use(at(txt)))).toEqual(['note']);
    expect(tahoe.describe(new Map(txt))).toEqual([]);
  });

  it('is not used without a port, and shows its node id', () => {
    expect(tahoe.use(at([['', TUB]], { port: null }))).toEqual([]);
    expect(tahoe.describe(new Map([['', TUB]]))).toMatchObject([{ value: TUB }]);
  });
});
