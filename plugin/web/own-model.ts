/** What a type's page shows of this node's own service, beyond its state: its port, and what is announced of it. */
import { asPanelError, type PanelError } from '../errors.js';
import type { Job, JobKind } from '../jobs.js';
import { FieldError, type PublishForm } from '../node/announcement.js';
import { VERBS } from '../node/index.js';
import { type OwnView, openingFor } from '../node/own.js';
import type { Preview } from '../node/publish.js';
import type { Visit, Web } from './visit.js';

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
}

/** Whether the query is that form, sent to be looked at before it is announced; a list has a `community` to filter by too. */
export const isPreview = (query: unknown) => readForm(query).description !== undefined;

/** The fields that the request gives; those that it lacks stay out. */
export function readForm(fields: unknown): PublishForm {
  const given = typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : {};
  return Object.fromEntries(FIELDS.flatMap((name) => (typeof given[name] === 'string' ? [[name, given[name]]] : [])));
}

/**
 * For the page of a built-in type; empty for others.
 * @param act what is being done to the own service, or was just done
 * @param typed what a person typed, where the form could not be taken
 */
export async function ownData(web: Web, visit: Visit, word: string, act: Job | null, typed?: PublishForm) {
  const { fragment } = visit;
  if (!web.panel.services.has(word)) return { own: null, publish: null, announcing: false, fragment };
  const own = await web.panel.own.view(word);
  // The demo has nobody to announce anything to.
  const hasForm = visit.role === 'owner' && !web.panel.demo;
  const announcing = hasForm && act?.kind === 'publish';
  // A part of the page is asked for every second: no form is in it, unless one was just sent.
  const isShown = hasForm && (!fragment || typed !== undefined);
  return {
    own: { ...own, opening: openingOf(web, visit, word, own) },
    publish: isShown ? await publishData(web, word, typed ?? previewed(visit.request.query)) : null,
    /** Whether what comes of it is told beside the form. */
    announcing,
    fragment,
  };
}

/** How to open the port to neighbours, for the owner, where the unit that runs keeps it to this machine. */
function openingOf({ panel }: Web, { role, words }: Visit, word: string, own: OwnView) {
  const opening = role === 'owner' ? openingFor(panel.services.of(word), own) : null;
  return opening && { label: opening.label[words.language], text: opening.text };
}

const previewed = (query: unknown) => (isPreview(query) ? readForm(query) : {});

async function publishData(web: Web, word: string, form: PublishForm): Promise<PublishModel> {
  try {
    const preview = await web.panel.own.preview(word, form);
    return { form: preview.form, preview, error: null, problem: null };
  } catch (thrown) {
    const whole = { ...web.panel.own.form(word), ...form };
    if (thrown instanceof FieldError) return { form: whole, preview: null, error: null, problem: thrown.field };
    const error = asPanelError(thrown);
    if (error.code === 'internal') throw thrown;
    return { form: whole, preview: null, error: error.toJSON(), problem: null };
  }
}
