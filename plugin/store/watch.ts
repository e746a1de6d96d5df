/** Tells a cache of what is stored which part of it to read again. */
import type Database from 'better-sqlite3';
import { prepare } from './sqlite.js';

/** The providers, by type, whose attempts have changed since the last call; `all` where that cannot be said. */
export type Watcher = () => 'all' | ReadonlyMap<string, ReadonlySet<string>>;

export interface Watchers {
  watch(): Watcher;
  touched(type: string, provider: string): void;
}

export function watchers(db: Database.Database): Watchers {
  // Changes when another process commits, never by our own commits: https://sqlite.org/pragma.html#pragma_data_version
  const foreignVersion = prepare<[], number>(db, 'PRAGMA data_version').pluck();
  const watching: { touched: Map<string, Set<string>>; all: boolean }[] = [];
  return {
    watch: () => {
      const one = { touched: new Map<string, Set<string>>(), all: true };
      watching.push(one);
      let seen = foreignVersion.get();
      return () => {
        const version = foreignVersion.get();
        const { touched, all } = one;
        const foreign = version !== seen;
        seen = version;
        one.touched = new Map();
        one.all = false;
        return all || foreign ? 'all' : touched;
      };
    },
    touched: (type, provider) => {
      for (const { touched } of watching) touched.set(type, (touched.get(type) ?? new Set()).add(provider));
    },
  };
}
