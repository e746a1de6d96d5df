/** The account that a person offers for one scan of one provider: read, checked and handed on; kept and shown nowhere. */
import { PanelError } from '../../model/errors.js';
import type { Account } from '../../probe/index.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';
import { pathOf } from './path.js';

/** Longest that a form may send, characters. The longest account is part of what a probe may cost. */
const LONGEST_USER = 64;
const LONGEST_PASSWORD = 128;

/**
 * From the fields `user` and `password` of a form, or from `account` of a JSON body; none where both are empty.
 * @throws PanelError bad-request, never with a word of what was typed
 */
export function accountOf(web: Web, visit: Visit): Account | undefined {
  const { user, password } = offered(visit);
  if (user === '' && password === '') return undefined;
  if (!web.panel.services.of(pathOf(visit).type).account) {
    throw new PanelError('bad-request', 'This service takes no account.', 'Scan it without one.');
  }
  if (isText(user, LONGEST_USER) && !user.includes(':') && isText(password, LONGEST_PASSWORD))
    return { user, password };
  const limits = `at most ${LONGEST_USER} characters without a colon, and at most ${LONGEST_PASSWORD}`;
  throw new PanelError('bad-request', 'That is no account.', `Give user name and password: ${limits}.`);
}

function offered({ request, api }: Visit): { readonly user: unknown; readonly password: unknown } {
  const body = fieldsOf(request.body);
  const { user = '', password = '' } = api ? fieldsOf(body.account) : body;
  return { user, password };
}

function fieldsOf(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest && !/\p{Cc}/u.test(value);
}
