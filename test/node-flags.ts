import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { PACKAGE_FILE } from '../plugin/config/paths.js';

/** What `npm start` tells the Node of that version. */
export function nodeFlags(version = process.version): string[] {
  const program = join(dirname(PACKAGE_FILE), '.ci', 'node-flags');
  return execFileSync(program, [version], { encoding: 'utf8' }).trim().split(' ');
}
