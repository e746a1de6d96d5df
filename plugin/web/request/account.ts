/** The account that a person offers for one scan of one provider: read, checked and handed on; never stored or shown. */
import { PanelError } from '../../model/errors.js';
import type { Account } from '../../probe/index.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';
import { pathParams } from './path.js';

/** Characters that a form may send. The longest account is part of what a probe may cost. */
export const MAX_USER_LENGTH = 64;
export const MAX_PASSWORD_LENGTH = 128;

/**
 * From the fields `user` and `password` of a form, or from `account` of a JSON body; none where both are empty.
 * @throws PanelError bad-request, without a word of what was typed
 */
export function readAccount(web: Web, visit: Visit): Account | undefined {
  const { user, password } = accountFields(visit);
  if (user === '' && password === '') return undefined;
  if (!web.panel.services.of(pathParams(visit).type).account) {
    throw new PanelError('bad-request', 'This service takes no account.', 'Scan it without one.');
  }
  if (isText(user, MAX_USER_LENGTH) && !user.includes(':') && isText(password, MAX_PASSWORD_LENGTH))
    return { user, password };
  const limits = `at most ${MAX_USER_LENGTH} characters without a colon, and at most ${MAX_PASSWORD_LENGTH}`;
  throw new PanelError('bad-request', 'That is not an account.', `Give user name and password: ${limits}.`);
}

function accountFields({ request, api }: Visit): { readonly user: unknown; readonly password: unknown } {
  const body = asFields(request.body);
  const { user = '', password = '' } = api ? asFields(body.account) : body;
  return { user, password };
}

function asFields(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxLength && !/\p{Cc}/u.test(value);
}
