/** What a type's page shows of this node's own service, beyond its state: its port, and what is announced of it. */

import { asPanelError, PanelError } from '../../model/errors.js';
import type { Job, JobKind } from '../../model/job.js';
import { VERBS } from '../../model/unit.js';
import { FieldError, type PublishForm } from '../../node/announce/form.js';
import type { Preview } from '../../node/announce/publisher.js';
import { type OwnView, openingFor } from '../../node/own-service.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';

/** Kinds of job that change the own service. */
export const ACTS: readonly JobKind[] = [...VERBS, 'publish', 'unpublish'];

/** The fields of the form for announcing a service. */
export const FIELDS = ['description', 'port', 'attributes', 'community'] as const;

/** What stands in the form, and what of it is wrong. */
interface PublishModel {
  readonly form: PublishForm;
  readonly preview: Preview | null;
  /** Why there is no preview. */
  readonly error: ReturnType<PanelError['toJSON']> | null;
  readonly problem: (typeof FIELDS)[number] | null;
  /** What is told of `preview.troubles`, so that it is not asked twice; empty where there is nothing to tell. */
  readonly warning: string;
}

/** Whether the query is that form, sent to be looked at before it is announced; a list has a `community` to filter by too. */
export const isPreview = (query: unknown) => readForm(query).description !== undefined;

/** The fields that the request gives; those that it lacks stay out. */
export function readForm(fields: unknown): PublishForm {
  const given = typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : {};
  const names = [...FIELDS, 'replaces'] as const;
  return Object.fromEntries(names.flatMap((name) => (typeof given[name] === 'string' ? [[name, given[name]]] : [])));
}

/** Names the troubles of what would be announced; empty where there are none, and where nobody can know. @throws FieldError */
export async function warningOf(web: Web, word: string, form: PublishForm): Promise<string> {
  try {
    return warningIn(await web.panel.own.preview(word, form));
  } catch (error) {
    // Announcing tells what is wrong.
    if (error instanceof PanelError && !(error instanceof FieldError)) return '';
    throw error;
  }
}

function warningIn({ entry, troubles }: Preview): string {
  if (!troubles?.length) return '';
  const texts = troubles.map((trouble) => Object.values(trouble).join(' '));
  return [entry.i, entry.p, ...texts].join(', ');
}

/**
 * For the page of a type that is built in or that this node announces; empty for others.
 * @param act what is being done to the own service, or was just done
 * @param typed what a person typed, where the form could not be taken
 */
export async function ownData(web: Web, visit: Visit, word: string, act: Job | null, typed?: PublishForm) {
  const { fragment } = visit;
  const own = await ownView(web, word);
  if (own === null) return { own: null, publish: null, announcing: false, fragment };
  // The demo has nobody to announce anything to.
  const hasForm = visit.role === 'owner' && !web.panel.demo;
  const announcing = hasForm && act?.kind === 'publish';
  // A part of the page is asked for every second: no form is in it, unless one was just sent.
  const isShown = hasForm && (!fragment || typed !== undefined);
  return {
    own: { ...own, opening: openingOf(web, visit, word, own) },
    publish: isShown ? await publishData(web, word, typed ?? previewed(visit.request.query)) : null,
    transports: web.panel.services.of(word).transports.length,
    /** Whether what was sent waits for a second word. */
    sent: typed !== undefined,
    /** Whether what comes of it is told beside the form. */
    announcing,
    fragment,
  };
}

async function ownView({ panel }: Web, word: string): Promise<OwnView | null> {
  if (panel.services.has(word)) return panel.own.view(word);
  try {
    const own = await panel.own.view(word);
    return own.announced?.length > 0 || own.publication ? own : null;
  } catch (error) {
    if (error instanceof PanelError && error.code === 'unknown-type') return null;
    throw error;
  }
}

/** How to open the port to neighbours, for the owner, where the unit that runs keeps it to this machine. */
function openingOf({ panel }: Web, { role, words }: Visit, word: string, own: OwnView) {
  const opening = role === 'owner' ? openingFor(panel.services.of(word), own) : null;
  return opening && { label: opening.label[words.language], text: opening.text };
}

/** What was sent to be looked at, or which of several entries is to be changed. */
function previewed(query: unknown): PublishForm {
  const form = readForm(query);
  if (isPreview(query)) return form;
  return form.replaces === undefined ? {} : { replaces: form.replaces };
}

async function publishData(web: Web, word: string, form: PublishForm): Promise<PublishModel> {
  try {
    const preview = await web.panel.own.preview(word, form);
    return { form: preview.form, preview, error: null, problem: null, warning: warningIn(preview) };
  } catch (thrown) {
    const none = { form: { ...web.panel.own.form(word, form.replaces), ...form }, preview: null, warning: '' };
    if (thrown instanceof FieldError) return { ...none, error: null, problem: thrown.field };
    const error = asPanelError(thrown);
    if (error.code === 'internal') throw thrown;
    return { ...none, error: error.toJSON(), problem: null };
  }
}
