/** Runs `systemctl` once: an argument list, never a shell; with a time limit, an output cap and the C locale; refusals become deliberate errors. */
import { execFile } from 'node:child_process';
import { asPanelError, isScarcity, PanelError } from '../../model/errors.js';

export interface RunOptions {
  /** ms; then the process is killed. */
  readonly limit: number;
  /** The unit to act on; absent for a reading. */
  readonly unit?: string;
  readonly signal?: AbortSignal;
}

/** A unit takes a few hundred bytes; more than this is not systemctl. */
const MAX_OUTPUT = 1 << 20;

/**
 * What `systemctl …` printed.
 * @throws PanelError no-systemd, systemd-silent, no-resources; for an action unit-not-permitted, unit-absent, unit-failed too.
 *   When aborted, the signal's reason.
 */
export function systemctl(args: readonly string[], { limit, unit, signal }: RunOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: limit,
      killSignal: 'SIGKILL' as const,
      maxBuffer: MAX_OUTPUT,
      env: { ...process.env, LC_ALL: 'C' },
      ...(signal ? { signal } : {}),
    };
    execFile('systemctl', ['--no-ask-password', '--no-pager', ...args], options, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else if (signal?.aborted) reject(signal.reason);
      else if (error.code === 'ENOENT') reject(noSystemd('There is no systemctl on this machine.', { cause: error }));
      else if (isScarcity(error)) reject(asPanelError(error));
      else {
        // No exit code: killed at its limit.
        const isLate = error.code === null || error.code === undefined;
        const output = isLate ? `systemctl did not end within ${limit / 1000} s` : firstLine(stderr || error.message);
        reject(explain(output, unit, { cause: error }));
      }
    });
  });
}

const NO_SYSTEMD = /not been booted with systemd|failed to connect to (system scope )?bus|failed to get d-bus/i;
const NOT_PERMITTED = /authentication (is )?required|access denied|not authorized|permission denied/i;
const NO_UNIT = /\bunit \S+ (not found|not loaded)/i;

function explain(output: string, unit: string | undefined, cause: ErrorOptions): PanelError {
  if (NO_SYSTEMD.test(output)) return noSystemd('This machine was not started with systemd.', cause);
  if (unit === undefined) return silent(`systemd does not answer: ${output}.`, cause);
  if (NOT_PERMITTED.test(output))
    return new PanelError(
      'unit-not-permitted',
      `This panel may not do that: ${output}.`,
      `Allow ${unit} to the user that runs the panel with a polkit rule, or do it by hand as root.`,
      cause,
    );
  if (NO_UNIT.test(output))
    return new PanelError(
      'unit-absent',
      `${unit} does not exist here: ${output}.`,
      'Install its package first.',
      cause,
    );
  return unitFailed(unit, output, cause);
}

/** The action failed: where to read why. */
export function unitFailed(unit: string, output: string, options?: ErrorOptions): PanelError {
  const hint = `Look at: systemctl status ${unit} and journalctl -u ${unit}`;
  return new PanelError('unit-failed', `${unit}: ${output}.`, hint, options);
}

/** There is no systemd to ask. */
function noSystemd(message: string, options?: ErrorOptions): PanelError {
  const hint = 'Own services can only be started and stopped on a machine that runs systemd.';
  return new PanelError('no-systemd', message, hint, options);
}

/** systemd seems to be there, but gives no usable answer. */
export function silent(message: string, options?: ErrorOptions): PanelError {
  const hint = 'The panel retries by itself. On the machine, look at: systemctl status';
  return new PanelError('systemd-silent', message, hint, options);
}

const firstLine = (text: string) => (text.trim().split('\n')[0] ?? '').replace(/[.\s]+$/, '').slice(0, 200);
