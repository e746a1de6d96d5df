/** What the owner thinks of a provider: pinned, hidden, stars, a note and the answers that no probe can give. */
import { PanelError } from '../errors.js';
import type { Opinion } from '../store/index.js';
import { bodyField } from './auth.js';
import { noteDeed } from './events.js';
import { pathOf, providerSection } from './pages.js';
import { redirect } from './respond.js';
import type { Visit, Web } from './visit.js';

/** Longest texts, in characters; the form says the same. */
const NOTE_LENGTH = 1000;
const TEXT_LENGTH = 100;

/** What is shown of an opinion, on the owner's page and in the owner's API. */
export function opinionModel(opinion: Opinion) {
  const { pinned, hidden, note, runBy, known, language, help, stars } = opinion;
  return { pinned, hidden, note, runBy, known, language, help, stars: stars[0]?.stars ?? null, ratings: stars.length };
}

/** Saves the form. Stars count anew only when they were changed: saving a note is no new rating. */
async function save(web: Web, visit: Visit): Promise<Opinion> {
  const { type, id } = pathOf(visit);
  await web.panel.provider(type, id);
  const { opinions } = web.panel.store;
  const field = (name: string) => bodyField(visit.request, name).trim();
  const stars = starsOf(field('stars'));
  const known = field('known');
  opinions.put(type, id, {
    pinned: field('pinned') === 'yes',
    hidden: field('hidden') === 'yes',
    known: known === 'yes' || known === 'no' ? known : '',
    note: short('note', field('note'), NOTE_LENGTH),
    runBy: short('runBy', field('runBy'), TEXT_LENGTH),
    language: short('language', field('language'), TEXT_LENGTH),
    help: short('help', field('help'), TEXT_LENGTH),
  });
  if (stars !== null && stars !== opinions.get(type, id).stars[0]?.stars) opinions.rate(type, id, stars);
  noteDeed(web, visit, 'opinion', { type, provider: id });
  return opinions.get(type, id);
}

function starsOf(text: string): 1 | 2 | 3 | 4 | 5 | null {
  if (text === '') return null;
  const stars = ([1, 2, 3, 4, 5] as const).find((one) => String(one) === text);
  if (stars === undefined) throw new PanelError('bad-request', 'Stars go from 1 to 5.', 'Choose one of the five.');
  return stars;
}

/** @throws PanelError bad-request: nothing is cut off silently */
function short(name: string, text: string, length: number): string {
  if (text.length <= length) return text;
  throw new PanelError('bad-request', `${name} has ${text.length} characters; ${length} fit.`, 'Shorten it.');
}

export async function opine(web: Web, visit: Visit) {
  await save(web, visit);
  const { type, id } = pathOf(visit);
  if (visit.fragment) return providerSection(web, visit, null, { saved: true });
  return redirect(visit, `${web.url('services', type, 'providers', id)}?saved=yes#cs-saved`);
}

export async function opineApi(web: Web, visit: Visit) {
  return { opinion: opinionModel(await save(web, visit)) };
}
