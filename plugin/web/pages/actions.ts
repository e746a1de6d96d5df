/** What the forms of the pages do. Each answers at once; long work is a job with its own page. */

import { PanelError } from '../../model/errors.js';
import type { Job } from '../../model/job.js';
import { LANGUAGES } from '../../model/language.js';
import { setCookie } from '../auth/cookies.js';
import { bodyField, TooManyTries } from '../auth/index.js';
import { APPEARANCE_COOKIE, LANGUAGE_COOKIE, type Web } from '../context.js';
import { ownPath, page, redirect } from '../reply/respond.js';
import { accountOf } from '../request/account.js';
import { pathOf } from '../request/path.js';
import { APPEARANCES, type Visit } from '../visit.js';
import { noteDeed, noteJob } from './events.js';
import { job as jobPage, providerSection, typeSection } from './index.js';

const YEAR_S = 31_536_000;

export function scanType(web: Web, visit: Visit) {
  return followed(web, visit, web.panel.scan(pathOf(visit).type), typeSection);
}

export function scanProvider(web: Web, visit: Visit) {
  const { type, id } = pathOf(visit);
  return followed(web, visit, web.panel.scan(type, id, { account: accountOf(web, visit) }), providerSection);
}

export function connect(web: Web, visit: Visit) {
  const { type, id } = pathOf(visit);
  return followed(web, visit, web.panel.connect(type, id), providerSection);
}

/** htmx gets the changed part of the page it is on; a browser without scripts goes to the job's page. */
export function followed(
  web: Web,
  visit: Visit,
  job: Job,
  show: (web: Web, visit: Visit, job: Job) => Promise<unknown>,
) {
  noteJob(web, visit, job);
  return visit.fragment ? show(web, visit, job) : redirect(visit, web.url('jobs', job.id));
}

export async function cancelJob(web: Web, visit: Visit) {
  const { id, type, provider } = await web.panel.jobs.cancel(pathOf(visit).id);
  noteDeed(web, visit, 'cancel', { type, provider });
  return visit.fragment ? jobPage(web, visit) : redirect(visit, web.url('jobs', id));
}

export function loginPage(web: Web, visit: Visit) {
  assertOwnLogin(web);
  const { next } = visit.request.query as { next?: unknown };
  const wanted = typeof next === 'string' ? next : '';
  if (visit.role === 'owner') return redirect(visit, ownPath(web, wanted));
  return loginForm(web, visit, wanted, null);
}

export async function login(web: Web, visit: Visit) {
  assertOwnLogin(web);
  const next = bodyField(visit.request, 'next');
  const { request } = visit;
  try {
    await web.auth.login(visit, { password: bodyField(request, 'password'), code: bodyField(request, 'code') });
  } catch (error) {
    if (error instanceof PanelError) return loginForm(web, visit, next, error);
    throw error;
  }
  return redirect(visit, ownPath(web, next));
}

export function logout(web: Web, visit: Visit) {
  assertOwnLogin(web);
  if (visit.role === 'owner') noteDeed(web, visit, 'logout');
  web.auth.logout(visit);
  return redirect(visit, web.base);
}

/** The form, with what was wrong said beside the field. */
function loginForm(web: Web, visit: Visit, next: string, error: PanelError | null) {
  assertOwnLogin(web);
  const { t } = visit.words;
  const { hasOwner } = web.auth;
  if (error instanceof TooManyTries) visit.reply.header('retry-after', error.retryAfter);
  const problem = error && {
    field: error.code === 'bad-request' || hasOwner ? 'password' : 'code',
    text: loginProblem(error, hasOwner, t),
  };
  // A code is long to type again; a password is never shown.
  const code = bodyField(visit.request, 'code');
  const data = { title: t('page.login'), hasOwner, next: ownPath(web, next), code, problem };
  return page(web, visit, 'login', data, error?.status ?? 200);
}

/** What was wrong, in a person's words. */
function loginProblem(error: PanelError, hasOwner: boolean, t: Visit['words']['t']): string {
  if (error instanceof TooManyTries) return t('login.wait', { count: error.retryAfter });
  if (error.code === 'bad-request') return t('login.short');
  if (error.code === 'owner-exists') return `${t('error.owner-exists')} ${t('error.owner-exists.hint')}`;
  return t(hasOwner ? 'error.wrong-password' : 'login.wrong-code');
}

/** @throws PanelError not-found where another application decides who is the owner */
export function assertOwnLogin(web: Web): void {
  if (web.auth.ownLogin) return;
  throw new PanelError('not-found', 'There is no such page.', 'Log in to the application that shows this panel.');
}

export const chooseLanguage = choice('language', LANGUAGES, LANGUAGE_COOKIE);
export const chooseAppearance = choice('appearance', APPEARANCES, APPEARANCE_COOKIE);

/** What a browser remembers of the person's choice. */
function choice(field: string, words: readonly string[], cookie: string) {
  return (web: Web, visit: Visit) => {
    const wanted = words.find((one) => one === bodyField(visit.request, field));
    if (wanted === undefined) {
      throw new PanelError('bad-request', `There is no such ${field}.`, `Choose one of ${words.join(', ')}.`);
    }
    setCookie(visit.reply, cookie, wanted, { path: web.base, maxAge: YEAR_S });
    return redirect(visit, ownPath(web, bodyField(visit.request, 'back')));
  };
}
