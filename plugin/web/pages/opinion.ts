/** What the owner thinks of a provider: pinned, hidden, stars, a note and the answers that no probe can give. */
import { PanelError } from '../../model/errors.js';
import { opinionModel } from '../../present/provider.js';
import type { Opinion } from '../../store/index.js';
import type { Web } from '../context.js';
import { redirect } from '../reply/respond.js';
import { pathOf } from '../request/path.js';
import type { Visit } from '../visit.js';
import { noteDeed } from './events.js';
import { providerSection } from './index.js';

/** Longest texts, in characters; the form says the same. */
const NOTE_LENGTH = 1000;
const TEXT_LENGTH = 100;

/** What was sent, by field; a field that is missing changes nothing. */
type Sent = Readonly<Record<string, unknown>>;

/** Stars count anew only when they were changed: saving a note is no new rating. */
async function save(web: Web, visit: Visit, sent: Sent): Promise<Opinion> {
  const { type, id } = pathOf(visit);
  await web.panel.provider(type, id);
  const { opinions } = web.panel.store;
  const [stars, change] = [starsOf(sent.stars), changeOf(sent)];
  opinions.put(type, id, change);
  if (stars === null) opinions.unrate(type, id);
  else if (stars !== undefined && stars !== opinions.get(type, id).stars[0]?.stars) opinions.rate(type, id, stars);
  noteDeed(web, visit, 'opinion', { type, provider: id });
  return opinions.get(type, id);
}

/** @throws PanelError bad-request, naming the field: nothing is cut off, and nothing is passed over, silently */
function changeOf(sent: Sent): Partial<Omit<Opinion, 'stars'>> {
  const change = {
    ...{ pinned: flag(sent, 'pinned'), hidden: flag(sent, 'hidden'), known: knownOf(sent.known) },
    ...{ note: short(sent, 'note', NOTE_LENGTH), runBy: short(sent, 'runBy', TEXT_LENGTH) },
    ...{ language: short(sent, 'language', TEXT_LENGTH), help: short(sent, 'help', TEXT_LENGTH) },
  };
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

/** null = they are taken back. */
function starsOf(sent: unknown): 1 | 2 | 3 | 4 | 5 | null | undefined {
  if (sent === undefined) return undefined;
  if (sent === '' || sent === null) return null;
  const stars = ([1, 2, 3, 4, 5] as const).find((one) => one === sent || String(one) === sent);
  if (stars === undefined) throw bad('stars', 'Give it 1 to 5, or nothing to take them back.');
  return stars;
}

function flag(sent: Sent, name: string): boolean | undefined {
  const value = sent[name];
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === 'yes' || value === '') return value === 'yes';
  throw bad(name, 'Give it yes, or nothing.');
}

function knownOf(sent: unknown): Opinion['known'] | undefined {
  if (sent === undefined || sent === 'yes' || sent === 'no' || sent === '') return sent;
  throw bad('known', 'Give it yes, no, or nothing.');
}

/** Browsers send two characters for the end of a line, and count one. */
function short(sent: Sent, name: string, length: number): string | undefined {
  const value = sent[name];
  const text = typeof value === 'string' ? value.replaceAll('\r\n', '\n').trim() : value;
  if (text === undefined || (typeof text === 'string' && text.length <= length)) return text;
  throw bad(name, `Give it a text of at most ${length} characters.`);
}

const bad = (name: string, hint: string) => new PanelError('bad-request', `“${name}” cannot be that.`, hint);

/** The form: a box without its tick is not sent at all. */
export async function opine(web: Web, visit: Visit) {
  await save(web, visit, { pinned: '', hidden: '', ...sentBy(visit) });
  const { type, id } = pathOf(visit);
  if (visit.fragment) return providerSection(web, visit, null, { saved: true });
  return redirect(visit, `${web.url('services', type, 'providers', id)}?saved=yes#cs-saved`);
}

const sentBy = ({ request: { body } }: Visit) => (typeof body === 'object' && body !== null ? (body as Sent) : {});

/** What is sent, in the form's words or in those of the answer. */
export async function opineApi(web: Web, visit: Visit) {
  return { opinion: opinionModel(await save(web, visit, sentBy(visit))) };
}
