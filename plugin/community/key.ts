/** The key with which this node signs what it says, made at first use: readable by the panel's own user alone. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readKey } from './document.js';

/**
 * Never made anew where one is there, even a damaged one: neighbours know this node by it.
 * @param folder the data directory
 * @throws Error where it cannot be read or written
 */
export function ownKey(folder: string): KeyObject {
  const file = join(folder, 'community.key');
  const made = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
  try {
    writeFileSync(file, made, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readKey(readFileSync(file, 'utf8'));
}
