/** Every deliberate error of the panel: a stable code, a status, what happened and what to do next. */

/** code → HTTP status. The same codes have a sentence and a hint in each language (`error.<code>`). */
const STATUS = {
  'bad-config': 500,
  'bad-service-type': 500,
  'unknown-type': 404,
  'unknown-provider': 404,
  'unknown-job': 404,
  'unknown-node': 404,
  'not-found': 404,
  'none-works': 404,
  'no-link': 404,
  'wrong-path': 404,
  'bad-request': 400,
  'bad-query': 400,
  'login-required': 401,
  'wrong-password': 401,
  'wrong-token': 401,
  'owner-exists': 409,
  'too-many-tries': 429,
  'bad-token': 403,
  'cross-site': 403,
  'unknown-host': 421,
  'budget-spent': 429,
  'nothing-to-scan': 409,
  'own-outage': 503,
  'no-systemd': 501,
  'systemd-silent': 503,
  'unit-absent': 409,
  'unit-refused': 403,
  'unit-not-permitted': 403,
  'unit-failed': 502,
  'log-unreadable': 403,
  'tags-full': 409,
  'tag-unreadable': 409,
  'publish-failed': 502,
  'disk-full': 507,
  'disk-unwritable': 507,
  'no-resources': 503,
  'measuring-failed': 500,
  interrupted: 503,
  'serf-away': 503,
  'serf-refused': 502,
  'connect-failed': 502,
  internal: 500,
} as const;

export type ErrorCode = keyof typeof STATUS;

/** A deliberate error. `message` says what happened, `hint` what to do next; both in English, for logs, CLI and API. */
export class PanelError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly status: number;

  constructor(code: ErrorCode, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PanelError';
    this.code = code;
    this.hint = hint;
    this.status = STATUS[code];
  }

  /** The body of every JSON error answer. */
  toJSON(): { code: ErrorCode; message: string; hint: string } {
    return { code: this.code, message: this.message, hint: this.hint };
  }
}

export const ERROR_CODES = Object.keys(STATUS) as ErrorCode[];

/** Codes of SQLite and the system for a full disk. */
const DISK_FULL: ReadonlySet<unknown> = new Set(['SQLITE_FULL', 'ENOSPC', 'EDQUOT']);
/** And for one that is read-only, broken or gone. */
const DISK_UNWRITABLE = /^(SQLITE_(READONLY|IOERR|CANTOPEN|PERM)|EROFS|EIO)/;

/** The system's codes for a process out of descriptors, memory or processes: never a provider's failure. */
const SCARCE: ReadonlySet<unknown> = new Set([
  ...['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EAGAIN'],
  // Node's own for a thread that did not get what it needs.
  'ERR_WORKER_INIT_FAILED',
]);
/** The same for a local end: no port, or no address, is free. */
const NO_LOCAL_END: ReadonlySet<unknown> = new Set(['EADDRINUSE', 'EADDRNOTAVAIL']);

/** Whether this node itself ran out of descriptors, memory, processes or ports. */
export function isScarcity(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return SCARCE.has(error.code) || ('syscall' in error && error.syscall === 'bind' && NO_LOCAL_END.has(error.code));
}

/** Any thrown value as a PanelError; an unexpected one becomes `internal` and keeps its cause for the log. */
export function asPanelError(error: unknown): PanelError {
  if (error instanceof PanelError) return error;
  if (error instanceof Error && 'code' in error && DISK_FULL.has(error.code)) return diskFull(error);
  if (error instanceof Error && 'code' in error && DISK_UNWRITABLE.test(String(error.code))) return unwritable(error);
  if (isScarcity(error)) {
    const hint = 'End what needs so much, or raise LimitNOFILE=, TasksMax= and MemoryMax= of cloudy-services.service.';
    const { code } = error as NodeJS.ErrnoException;
    return new PanelError('no-resources', `This node has run out of something (${code}).`, hint, { cause: error });
  }
  const hint = 'Look into the log of cloudy-services; if it happens again, report it with the log line.';
  return new PanelError('internal', 'Something went wrong inside the panel.', hint, { cause: error });
}

export function diskFull(cause: unknown): PanelError {
  const hint = 'Make room on the disk that holds the panel’s data (DATA_DIR), then do it again.';
  return new PanelError('disk-full', 'The disk is full: nothing more can be kept.', hint, { cause });
}

/** The disk that holds the panel's data takes no writes, and is not full. */
export function unwritable(cause: unknown): PanelError {
  const { message } = cause as Error;
  const hint =
    'Let the panel write to its folder (DATA_DIR). A card that has turned read-only is worn out, or lacks power: dmesg tells.';
  return new PanelError('disk-unwritable', `The disk cannot be written: nothing more can be kept (${message}).`, hint, {
    cause,
  });
}
