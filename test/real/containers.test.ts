/** Programs that communities run in containers, asked by their image, and used with the lines that are given to copy. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import docker from '../../plugin/services/Docker/index.js';
import { context, target } from '../probe/servers.js';
import { provider, said } from '../services/providers.js';
import type { Program } from './programs.js';
import { startMosquitto, startOpentracker, startPostgres, startRedis, startRegistry } from './truth/start.js';

async function started(start: () => Promise<Program>): Promise<Program> {
  const program = await start();
  onTestFinished(() => program.stop());
  return program;
}
const shell = async (line: string) => (await promisify(execFile)('sh', ['-c', line])).stdout.trim();

/** The probe's facts, and the last line to copy, of a program announced by its image. */
async function probed(start: () => Promise<Program>, description: string) {
  const { address, port } = await started(start);
  const result = await docker.probe(target({ address, port }, { gossip: null, description }), context());
  const facts = 'facts' in result ? result.facts : {};
  const lines = said(docker.use({ ...provider({ address, port, description }), facts }));
  return { result, line: lines.at(-1) ?? '', address, port };
}

describe('a program in a container', () => {
  it('PostgreSQL is asked by its image, and used with psql', async () => {
    const { result, line } = await probed(startPostgres, 'postgres:15 db');
    expect(result).toMatchObject({ level: 3, facts: { speaks: 'PostgreSQL' } });
    const filled = line.replace('<user>', 'nobody').replace('<database>', 'postgres');
    expect(await shell(`${filled} -tAc 'SELECT 40 + 2'`)).toBe('42');
  });

  it('Redis is asked by its image, and used with redis-cli', async () => {
    const { result, line } = await probed(startRedis, 'redis:7 cache');
    expect(result).toMatchObject({ level: 3, facts: { speaks: 'Redis' } });
    expect(await shell(`${line} PING`)).toBe('PONG');
  });

  it('mosquitto is asked by its image', async () => {
    const { result, line, address, port } = await probed(startMosquitto, 'eclipse-mosquitto:2 broker');
    expect(result).toMatchObject({ level: 3, facts: { speaks: 'MQTT' } });
    expect(line).toBe(`mqtt://${address}:${port}`);
  });

  it('a registry is asked by its image', async () => {
    const { result, line } = await probed(() => startRegistry(), 'registry:2 images');
    expect(result).toMatchObject({ level: 3, facts: { speaks: 'Docker registry' } });
    expect(await shell(`curl -s http://${line}v2/_catalog`)).toContain('repositories');
  });

  it('a tracker is asked by its image', async () => {
    const { result, line } = await probed(startOpentracker, 'opentracker:latest tracker');
    expect(result).toMatchObject({ level: 3, facts: { speaks: 'BitTorrent' } });
    expect(await shell(`curl -s '${line}'`)).not.toBe('');
  });
});
