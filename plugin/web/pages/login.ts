/** The login page, and how a program logs in. */
import { PanelError } from '../../model/errors.js';
import { answers, fields, text } from '../api/operation.js';
import { bodyField, TooManyTries } from '../auth/index.js';
import type { Web } from '../context.js';
import { ownPath, page, redirect } from '../reply/respond.js';
import { noteAction } from '../request/note.js';
import { api, get, post, type Route } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = [
  get('/login', 'anyone', show),
  post('/login', 'anyone', login),
  post('/logout', 'anyone', logout),
  api('GET /api/v1/session', 'anyone', session, answers('Who asks, and the token that a POST must carry', 'Session')),
  api('POST /api/v1/login', 'anyone', loginProgram, {
    ...answers('Opens a session, under a new cookie', 'Session'),
    body: fields({
      password: text,
      code: { ...text, description: 'The first-run code, as long as there is no owner.' },
    }),
  }),
];

function show(web: Web, visit: Visit) {
  assertOwnLogin(web);
  const { next } = visit.request.query as { next?: unknown };
  const target = typeof next === 'string' ? next : '';
  if (visit.role === 'owner') return redirect(visit, ownPath(web, target));
  return form(web, visit, target, null);
}

async function login(web: Web, visit: Visit) {
  assertOwnLogin(web);
  const next = bodyField(visit.request, 'next');
  try {
    await web.auth.login(visit, credentials(visit));
  } catch (error) {
    if (error instanceof PanelError) return form(web, visit, next, error);
    throw error;
  }
  const target = ownPath(web, next);
  if (!visit.fragment) return redirect(visit, target);
  // The whole page is another one now: its forms need the new session's token.
  return visit.reply.header('hx-redirect', target).code(204).send();
}

async function loginProgram(web: Web, visit: Visit) {
  assertOwnLogin(web);
  await web.auth.login(visit, credentials(visit));
  return session(web, visit);
}

const credentials = ({ request }: Visit) => ({
  password: bodyField(request, 'password'),
  code: bodyField(request, 'code'),
});

/** Who asks, and the token that a POST must carry in `x-csrf-token`. */
export async function session(web: Web, visit: Visit) {
  return { role: visit.role, token: visit.program ? '' : web.auth.token(visit) };
}

function logout(web: Web, visit: Visit) {
  assertOwnLogin(web);
  if (visit.role === 'owner') noteAction(web, visit, 'logout');
  web.auth.logout(visit);
  return redirect(visit, web.base);
}

/** The form, with the error beside its field. */
function form(web: Web, visit: Visit, next: string, error: PanelError | null) {
  const { t } = visit.words;
  const { hasOwner } = web.auth;
  if (error instanceof TooManyTries) visit.reply.header('retry-after', error.retryAfter);
  const problem = error && {
    field: error.code === 'bad-request' || hasOwner ? 'password' : 'code',
    text: problemText(error, hasOwner, t),
  };
  // A code is long to type again; a password is never shown.
  const code = bodyField(visit.request, 'code');
  const data = { title: t('page.login'), hasOwner, next: ownPath(web, next), code, problem };
  return page(web, visit, 'login', data, error?.status ?? 200);
}

function problemText(error: PanelError, hasOwner: boolean, t: Visit['words']['t']): string {
  if (error instanceof TooManyTries) return t('login.wait', { count: error.retryAfter });
  if (error.code === 'bad-request') return t('login.short');
  if (error.code === 'owner-exists') return `${t('error.owner-exists')} ${t('error.owner-exists.hint')}`;
  return t(hasOwner ? 'error.wrong-password' : 'login.wrong-code');
}

/** @throws PanelError not-found where another application decides who the owner is */
function assertOwnLogin(web: Web): void {
  if (web.auth.ownLogin) return;
  throw new PanelError('not-found', 'There is no such page.', 'Log in to the application that shows this panel.');
}
