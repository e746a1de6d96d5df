/** Which pictures of the grid are taken: all where what they show has changed, else some of each state, others per commit. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Of 18: in 3 languages, light and dark, in 3 widths. About 100 altogether. */
const EACH_STATE = 2;
const GRID = ['pages.test.ts', 'look.ts', 'sample.ts', 'states.ts'].map((file) => `test/browser/${file}`);
const SHOWN = ['views', 'public', ...GRID];

const git = (...args: readonly string[]) =>
  execFileSync('git', args, { cwd: join(import.meta.dirname, '..', '..'), encoding: 'utf8', stdio: 'pipe' }).trim();

/** The commit that chooses; null where all are to be taken. `ALL_PICTURES=1` says so too. */
export function samplingCommit(): string | null {
  if (process.env.ALL_PICTURES === '1') return null;
  try {
    // Of the last commit and of the working tree.
    const changed = git('diff', '--name-only', 'HEAD^', '--', ...SHOWN);
    const added = git('ls-files', '--others', '--exclude-standard', '--', ...SHOWN);
    return changed + added === '' ? git('rev-parse', 'HEAD') : null;
  } catch {
    // No repository, or one without history: what has changed cannot be known.
    return null;
  }
}

/** Those of the state's looks that are to be pictured, in their order. */
export function sampled<Look>(state: string, looks: readonly Look[], commit: string | null): readonly Look[] {
  if (commit === null) return looks;
  const digest = (at: number) => createHash('sha256').update(`${commit} ${state} ${at}`).digest('hex');
  const drawn = looks.map((_, at) => at).sort((a, b) => (digest(a) < digest(b) ? -1 : 1));
  const chosen = new Set(drawn.slice(0, EACH_STATE));
  return looks.filter((_, at) => chosen.has(at));
}
