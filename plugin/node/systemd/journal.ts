/** The last lines that a unit wrote to the journal. */
import { execFile } from 'node:child_process';
import { asPanelError, isScarcity, PanelError } from '../../model/errors.js';

export interface UnitLog {
  readonly unit: string;
  /** Oldest first, each with its time. */
  readonly lines: readonly string[];
}

const LINES = 200;
/** Characters of one line that are shown. */
const LINE_CAP = 1_000;
/** ms; a journal on an SD card takes a while. */
const LIMIT_MS = 1_800;
const MAX_OUTPUT = 4 << 20;
/** Colours and what else could disguise a text; the tab stays. */
const UNSHOWABLE = /\p{Cc}\[[0-9;]*m|(?!\t)[\p{Cc}\p{Bidi_Control}]/gu;
const DENIED = /insufficient permissions|not seeing messages from other users/i;

/** Readings under way: one serves all who ask at the same time. */
const reading = new Map<string, Promise<UnitLog>>();

/**
 * The unit's last 200 lines.
 * @throws PanelError log-unreadable: the panel may not read them, or there is no journal; no-resources
 */
export function unitLog(unit: string): Promise<UnitLog> {
  const known = reading.get(unit) ?? readLog(unit).finally(() => reading.delete(unit));
  reading.set(unit, known);
  return known;
}

function readLog(unit: string): Promise<UnitLog> {
  const args = [`--unit=${unit}`, `--lines=${LINES}`, '--no-pager', '--output=short-iso'];
  const options = { timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT } as const;
  return new Promise((resolve, reject) => {
    execFile('journalctl', args, { ...options, env: { ...process.env, LC_ALL: 'C' } }, (error, stdout, stderr) => {
      const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('-- '));
      if (lines.length > 0) resolve({ unit, lines: lines.slice(-LINES).map(clean) });
      else if (DENIED.test(stderr)) reject(denied(unit));
      else if (isScarcity(error)) reject(asPanelError(error));
      else if (error) reject(unreadable(unit, error));
      else resolve({ unit, lines: [] });
    });
  });
}

const clean = (line: string) => line.slice(0, LINE_CAP).replace(UNSHOWABLE, '');

function denied(unit: string): PanelError {
  const hint = `Add the user that runs this panel to the group systemd-journal, or run: sudo journalctl -u ${unit}`;
  return new PanelError('log-unreadable', `This panel may not read the log of ${unit}.`, hint);
}

function unreadable(unit: string, cause: Error): PanelError {
  const hint = `Look on the machine itself: journalctl -u ${unit}`;
  return new PanelError('log-unreadable', `The log of ${unit} cannot be read.`, hint, { cause });
}
