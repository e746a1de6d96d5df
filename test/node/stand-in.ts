/** A stand-in `systemctl`, first on PATH, whose units and behaviour the test writes as files. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceRegistry, ServiceType } from '../../plugin/services/contract.js';

const ACTIVE = { running: 'active', stopped: 'inactive', starting: 'activating', stopping: 'deactivating' } as const;

export class StandIn {
  readonly #folder = mkdtempSync(join(tmpdir(), 'systemctl-'));
  readonly #path = process.env.PATH ?? '';
  #count = 0;

  constructor() {
    const program = join(this.#folder, 'systemctl');
    copyFileSync(join(import.meta.dirname, 'stand-in-systemctl.sh'), program);
    chmodSync(program, 0o755);
    for (const name of ['units', 'next', 'on']) mkdirSync(join(this.#folder, name));
    process.env.PATH = `${this.#folder}:${this.#path}`;
  }

  /** Another program beside it: lines of sh. */
  program(name: string, script: string): void {
    writeFileSync(join(this.#folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** A unit with systemd's own words. */
  unit(name: string, active: string, more: Record<string, string> = {}, where = join('units', name)): void {
    const values = { Id: name, Names: name, LoadState: 'loaded', ActiveState: active, SubState: 'x', ...more };
    const lines = Object.entries({ UnitFileState: 'disabled', Job: '', ...values }).map(
      ([key, value]) => `${key}=${value}`,
    );
    writeFileSync(join(this.#folder, where), `${lines.join('\n')}\n`);
  }

  /** What a later reading of the unit finds, one call per reading. */
  later(name: string, active: string, more: Record<string, string> = {}): void {
    this.#count += 1;
    this.unit(name, active, more, join('next', `${name}.${String(this.#count).padStart(3, '0')}`));
  }

  /** What an action does: lines of sh. */
  on(verb: 'start' | 'stop', unit: string, script: string): void {
    writeFileSync(join(this.#folder, 'on', `${verb}-${unit}`), `${script}\n`);
  }

  /** The action turns the unit into that state. */
  turns(verb: 'start' | 'stop', unit: string, to: keyof typeof ACTIVE): void {
    this.on(verb, unit, `sed -i 's/^ActiveState=.*/ActiveState=${ACTIVE[to]}/' "$here/units/${unit}"`);
  }

  /** The helper unit that enables or disables the unit does so. */
  helps(verb: 'enable' | 'disable', unit: string, helper: string): void {
    this.on('start', helper, `sed -i 's/^UnitFileState=.*/UnitFileState=${verb}d/' "$here/units/${unit}"`);
  }

  /** What every reading does first: lines of sh. */
  reads(script: string): void {
    writeFileSync(join(this.#folder, 'read'), `${script}\n`);
  }

  /** What its scripts wait for: a file beside them. */
  release(name: string): void {
    writeFileSync(join(this.#folder, name), '');
  }

  /** The arguments of every call so far. */
  calls(): string[][] {
    const file = join(this.#folder, 'argv');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('|').slice(0, -1));
  }

  remove(): void {
    process.env.PATH = this.#path;
    rmSync(this.#folder, { recursive: true });
  }
}

/** A registry of types that have nothing but units. */
export function registryOf(units: Readonly<Record<string, readonly string[]>>): ServiceRegistry {
  const texts = { ca: 'x', es: 'x', en: 'x', de: 'x' };
  const typeOf = (id: string, names: readonly string[]): ServiceType => ({
    id,
    title: texts,
    summary: texts,
    icon: 'M0 0',
    defaultPort: null,
    transports: ['tcp'],
    local: { units: names.map((unit) => ({ unit, package: `${id}-package` })) },
    probe: () => Promise.reject(new Error('not probed here')),
    cost: { packets: 1, bytes: 1 },
    scoredFrom: null,
    metrics: [],
    use: () => [],
  });
  const types = Object.entries(units).map(([id, names]) => typeOf(id, names));
  const other = typeOf('other', []);
  const of = (word: string) => types.find((type) => type.id === word) ?? other;
  return { types, of, has: (word) => of(word) !== other, canonical: (word) => word, recognise: () => null };
}
