/** The last lines of a unit's journal. */
import { execFile } from 'node:child_process';
import { COMMANDS } from '../../lib/text.js';
import { asPanelError, isScarcity, PanelError } from '../../model/errors.js';

export interface UnitLog {
  readonly unit: string;
  /** Oldest first, each with its time. */
  readonly lines: readonly string[];
}

const LINES = 200;
/** Characters shown of one line. */
const MAX_LINE = 1_000;
/** ms; a journal on an SD card takes a while. */
const LIMIT_MS = 1_800;
const MAX_OUTPUT = 4 << 20;
const COLOURS = /\p{Cc}\[[0-9;]*m/gu;
const DENIED = /insufficient permissions|not seeing messages from other users/i;

/** Readings under way: one serves all concurrent callers. */
const readings = new Map<string, Promise<UnitLog>>();

/**
 * The unit's last 200 lines.
 * @throws PanelError log-unreadable where the panel may not read them or there is no journal; no-resources
 */
export function unitLog(unit: string): Promise<UnitLog> {
  const reading = readings.get(unit) ?? readLog(unit).finally(() => readings.delete(unit));
  readings.set(unit, reading);
  return reading;
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

const clean = (line: string) =>
  line
    .slice(0, MAX_LINE)
    .replace(COLOURS, '')
    .replace(COMMANDS, (letter) => (letter === '\t' ? letter : ''));

function denied(unit: string): PanelError {
  const hint = `Add the user that runs this panel to the group systemd-journal, or run: sudo journalctl -u ${unit}`;
  return new PanelError('log-unreadable', `This panel may not read the log of ${unit}.`, hint);
}

function unreadable(unit: string, cause: Error): PanelError {
  const hint = `On the machine itself, run: journalctl -u ${unit}`;
  return new PanelError('log-unreadable', `The log of ${unit} cannot be read.`, hint, { cause });
}
