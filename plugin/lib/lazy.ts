/** A module that few ask for, loaded when somebody does. */
import { closeSync, openSync } from 'node:fs';

/** Descriptors that loading takes at once: a bundled module and its parts. */
const NEEDED = 8;

/**
 * Loads at the first call; every later call gets the same. Node never retries a module whose file it could not open, so the
 * load does not even begin where descriptors are short: the call fails, and a later one succeeds.
 * @throws the system's error, such as EMFILE
 */
export function lazy<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | null = null;
  return async () => {
    if (loaded === null) {
      assertFreeDescriptors();
      loaded = load();
    }
    return loaded;
  };
}

function assertFreeDescriptors(): void {
  const opened: number[] = [];
  try {
    while (opened.length < NEEDED) opened.push(openSync('/dev/null', 'r'));
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}
