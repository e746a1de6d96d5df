/** An error in a person's language, for programs and terminals. */
import type { ErrorCode } from '../../model/errors.js';
import type { Words } from '../i18n.js';

/** The translated text of these codes says everything; the English message would only repeat it. */
export const SELF_EXPLANATORY: ReadonlySet<string> = new Set<ErrorCode>([
  ...([
    'unknown-type',
    'unknown-provider',
    'unknown-job',
    'unknown-node',
    'not-found',
    'wrong-path',
    'nothing-to-scan',
    'unit-refused',
  ] as const),
  ...([
    'login-required',
    'wrong-password',
    'wrong-token',
    'owner-exists',
    'bad-token',
    'cross-site',
    'bad-query',
  ] as const),
  ...(['disk-full', 'disk-unwritable', 'interrupted', 'internal'] as const),
]);

/** A source has error codes of its own. */
interface Said<Code extends string> {
  readonly code: Code;
  readonly message: string;
  readonly hint: string;
}

/** Where the language is not English: the code's text, with the English details that only the error itself knows. */
export function spokenError<Code extends string>({ code, message, hint }: Said<Code>, words: Words): Said<Code> {
  const { language, has, t } = words;
  if (language === 'en' || !has(`error.${code}`)) return { code, message, hint };
  const isEnough = SELF_EXPLANATORY.has(code) && code !== 'bad-query';
  return { code, message: t(`error.${code}`) + (isEnough ? '' : ` ${message} ${hint}`), hint: t(`error.${code}.hint`) };
}
