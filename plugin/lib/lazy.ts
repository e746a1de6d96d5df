/** Code that few ask for, loaded when somebody does. */
import { closeSync, openSync } from 'node:fs';

/**
 * Descriptors held back for it: Node never tries again to load a module whose file could not be opened, so that a moment
 * without descriptors would cost a page until the next start. As many as the pieces of a module that are read at once.
 */
const HELD = 8;
const held: number[] = [];

/** Loads at the first call; every later one has the same. */
export function lazy<T>(load: () => Promise<T>): () => Promise<T> {
  hold();
  let loaded: Promise<T> | null = null;
  return () => {
    loaded ??= withHeld(load).catch((error: unknown) => {
      loaded = null;
      throw error;
    });
    return loaded;
  };
}

async function withHeld<T>(load: () => Promise<T>): Promise<T> {
  for (const descriptor of held.splice(0)) closeSync(descriptor);
  try {
    return await load();
  } finally {
    hold();
  }
}

/** As many as there are to be had. */
function hold(): void {
  try {
    while (held.length < HELD) held.push(openSync('/dev/null', 'r'));
  } catch {
    // What holds nothing back loads nothing either, until there is room again.
  }
}
