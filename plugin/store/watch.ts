/** Tells a cache over the store which part of it to read again. */
import { type Db, prepare } from './sqlite.js';

/** The providers, by type, whose attempts have changed since the last call; `all` where that cannot be said. */
export type Watcher = () => 'all' | ReadonlyMap<string, ReadonlySet<string>>;

export interface Watchers {
  watch(): Watcher;
  touched(type: string, provider: string): void;
  touchedAll(): void;
}

export function watchers(db: Db): Watchers {
  // Changes when another process commits, never by our own commits: https://sqlite.org/pragma.html#pragma_data_version
  const foreignVersion = prepare<[], number>(db, 'PRAGMA data_version').pluck();
  const states: { touched: Map<string, Set<string>>; all: boolean }[] = [];
  return {
    watch: () => {
      const state = { touched: new Map<string, Set<string>>(), all: true };
      states.push(state);
      let lastVersion = foreignVersion.get();
      return () => {
        const version = foreignVersion.get();
        const { touched, all } = state;
        const isForeign = version !== lastVersion;
        lastVersion = version;
        state.touched = new Map();
        state.all = false;
        return all || isForeign ? 'all' : touched;
      };
    },
    touched: (type, provider) => {
      for (const { touched } of states) touched.set(type, (touched.get(type) ?? new Set()).add(provider));
    },
    touchedAll: () => {
      for (const state of states) state.all = true;
    },
  };
}
