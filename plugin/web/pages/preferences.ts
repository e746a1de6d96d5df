/** The forms at the foot of every page: the language and the appearance that a browser remembers. */
import { PanelError } from '../../model/errors.js';
import { LANGUAGES } from '../../model/language.js';
import { setCookie } from '../auth/cookies.js';
import { bodyField } from '../auth/index.js';
import { APPEARANCE_COOKIE, LANGUAGE_COOKIE, type Web } from '../context.js';
import { ownPath, redirect } from '../reply/respond.js';
import { post, type Route } from '../route.js';
import { APPEARANCES, type Visit } from '../visit.js';

export const routes: readonly Route[] = [
  post('/language', 'anyone', choice('language', LANGUAGES, LANGUAGE_COOKIE)),
  post('/appearance', 'anyone', choice('appearance', APPEARANCES, APPEARANCE_COOKIE)),
];

const YEAR_S = 31_536_000;

function choice(field: string, options: readonly string[], cookie: string) {
  return (web: Web, visit: Visit) => {
    const chosen = options.find((option) => option === bodyField(visit.request, field));
    if (chosen === undefined) {
      throw new PanelError('bad-request', `There is no such ${field}.`, `Choose one of ${options.join(', ')}.`);
    }
    setCookie(visit.reply, cookie, chosen, { path: web.base, maxAge: YEAR_S });
    return redirect(visit, ownPath(web, bodyField(visit.request, 'back')));
  };
}
