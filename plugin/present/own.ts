/** This node's own service of a type, beyond its state: its port, and what is announced of it. */

import { announce, readEntry } from '../announcement/entry.js';
import { joinSayings, SAYINGS, splitSayings } from '../model/declared.js';
import { asPanelError, PanelError } from '../model/errors.js';
import type { Job, JobKind } from '../model/job.js';
import { VERBS } from '../model/unit.js';
import { FieldError, type PublishForm } from '../node/announce/form.js';
import type { Preview } from '../node/announce/publisher.js';
import { portTroubles, type Trouble } from '../node/announce/troubles.js';
import { type OwnView, openingFor } from '../node/own-service.js';
import type { Panel } from '../panel/contract.js';
import { rank } from '../score/rank.js';
import { heardText } from './community/heard.js';
import type { Words } from './i18n.js';
import { rowModel } from './row.js';

/** Jobs that change the own service. */
export const OWN_JOBS: readonly JobKind[] = [...VERBS, 'publish', 'unpublish'];

/** The fields of the form for announcing a service. */
export const FIELDS = ['description', 'port', 'attributes', 'community'] as const;

/** What the form holds, and what of it is wrong. */
interface PublishModel {
  readonly form: PublishForm;
  readonly preview: Preview | null;
  /** What is announced, as the row that neighbours will see. */
  readonly row: PreviewRow | null;
  /** Why neighbours might not reach it, as far as that is known without a preview. */
  readonly troubles: readonly Trouble[];
  /** Why there is no preview. */
  readonly error: ReturnType<PanelError['toJSON']> | null;
  readonly problem: (typeof FIELDS)[number] | null;
  /** The attributes, in a field of their own for each that a person reads. */
  readonly attributes: ReturnType<typeof splitSayings>;
  /** Names the shown troubles: the form sends it back, and is not asked twice. Empty without troubles. */
  readonly warning: string;
}

/** Opens the form. */
const ASKED = 'announce';

/** Whether the query is the form, sent for a preview. A list has a `community` to filter by too. */
export const isPreview = (query: unknown) => readForm(query).description !== undefined;

/** The fields that the request gives, and no others. */
export function readForm(fields: unknown): PublishForm {
  const given = typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : {};
  const names = [...FIELDS, 'replaces'] as const;
  const texts = (of: readonly string[]) =>
    Object.fromEntries(of.flatMap((name) => (typeof given[name] === 'string' ? [[name, given[name]]] : [])));
  const form: PublishForm = texts(names);
  // The page has fields for them; programs send them among the attributes.
  if (given.said !== 'yes') return form;
  return { ...form, attributes: joinSayings(form.attributes ?? '', texts(SAYINGS)) };
}

/** Names the troubles of what would be announced; empty where there are none, or none can be known. @throws FieldError */
export async function publishWarning({ own }: Pick<Panel, 'own'>, typeId: string, form: PublishForm): Promise<string> {
  try {
    return warning(await own.preview(typeId, form));
  } catch (error) {
    // Publishing itself tells what is wrong.
    if (error instanceof PanelError && !(error instanceof FieldError)) return '';
    throw error;
  }
}

function warning({ entry, troubles }: Preview): string {
  if (!troubles?.length) return '';
  const texts = troubles.map((trouble) => Object.values(trouble).join(' '));
  return [entry.i, entry.p, ...texts].join(', ');
}

interface OwnRequest {
  readonly isOwner: boolean;
  /** Whether only a part of the page is asked for. */
  readonly fragment: boolean;
  readonly query: unknown;
  /** The job that changes the own service, or that has just changed it. */
  readonly act: Job | null;
  /** What was typed, where the form could not be taken. */
  readonly typed: PublishForm | undefined;
}

/** For the page of a type that is built in or that this node announces; empty for other types. */
export async function ownModel(
  panel: Panel,
  words: Words,
  typeId: string,
  { isOwner, fragment, query, act, typed }: OwnRequest,
) {
  const own = await ownView(panel, typeId);
  if (own === null) return { own: null, publish: null, announcing: false, fragment };
  // The demo has nobody to announce anything to.
  const hasForm = isOwner && !panel.demo;
  const announcing = hasForm && act?.kind === 'publish';
  // A part of the page is asked for every second: it holds no form, unless one was just sent.
  const isShown = hasForm && (typed !== undefined || (!fragment && isAsked(query)));
  return {
    own: { ...own, opening: isOwner ? opening(panel, words, typeId, own) : null },
    canAnnounce: hasForm,
    publish: isShown ? await publishModel(panel, words, typeId, typed ?? queriedForm(query)) : null,
    transports: panel.services.of(typeId).transports.length,
    /** In which the description is proposed. */
    announceLanguage: panel.config.language,
    /** How neighbours see it, each announced port in one sentence. */
    seen: seenModels(panel, words, typeId),
    /** Whether the form was sent and waits to be confirmed. */
    sent: typed !== undefined,
    /** Whether the job's progress is shown beside the form. */
    announcing,
    fragment,
  };
}

/** Nothing where nobody has said anything. */
function seenModels({ community, discovery }: Panel, words: Words, typeId: string) {
  const own = rank(
    discovery.providers(typeId).filter(({ self, stale }) => self && !stale),
    new Map(),
  );
  return own.flatMap((ranked) => {
    const experiences = community.about(ranked.provider.id);
    return experiences.length > 0 ? { id: ranked.provider.id, text: heardText(ranked, experiences, words) } : [];
  });
}

/** What the page of a type may tell of this node's own service; null for types that this node has nothing of. */
export async function ownView({ services, own }: Panel, typeId: string): Promise<OwnView | null> {
  if (services.has(typeId)) return own.view(typeId);
  try {
    const view = await own.view(typeId);
    return view.announced?.length > 0 || view.publication ? view : null;
  } catch (error) {
    if (error instanceof PanelError && error.code === 'unknown-type') return null;
    throw error;
  }
}

/** How to open the port to neighbours, where the running unit listens only on this machine. */
function opening({ services, config }: Panel, { language }: Words, typeId: string, own: OwnView) {
  const found = openingFor(services.of(typeId), own);
  const ranges = config.communityRanges;
  return found && { label: found.label[language], text: (ranges && found.textFor?.(ranges)) ?? found.text };
}

/** Whether the form is to be shown: it is opened by a button, and stays for a preview and for the change of an entry. */
const isAsked = (query: unknown) =>
  isPreview(query) || readForm(query).replaces !== undefined || Object.hasOwn(Object(query), ASKED);

/** The form sent for a preview, or which of several entries is to be changed. */
function queriedForm(query: unknown): PublishForm {
  const form = readForm(query);
  if (isPreview(query)) return form;
  return form.replaces === undefined ? {} : { replaces: form.replaces };
}

async function publishModel(panel: Panel, words: Words, typeId: string, form: PublishForm): Promise<PublishModel> {
  const { own } = panel;
  try {
    const preview = await own.preview(typeId, form);
    const row = previewRow(panel, words, preview);
    return {
      form: preview.form,
      attributes: splitSayings(preview.form.attributes),
      preview,
      row,
      troubles: preview.troubles ?? [],
      error: null,
      problem: null,
      warning: warning(preview),
    };
  } catch (thrown) {
    const typed = { ...own.form(typeId, form.replaces), ...form };
    const attributes = splitSayings(typed.attributes);
    const unseen = { form: typed, attributes, preview: null, row: null, troubles: [], warning: '' };
    if (thrown instanceof FieldError) return { ...unseen, error: null, problem: thrown.field };
    const error = asPanelError(thrown);
    if (error.code === 'internal') throw thrown;
    const troubles = await portTroubles(typed.port, panel.services.of(typeId).transports);
    return { ...unseen, troubles, error: error.toJSON(), problem: null };
  }
}

type PreviewRow = NonNullable<ReturnType<typeof previewRow>>;

/** As neighbours read the entry, before anybody has measured it. */
function previewRow({ services }: Pick<Panel, 'services'>, words: Words, { entry }: Preview) {
  const read = readEntry(entry);
  if (typeof read === 'string') return null;
  const [node = ''] = read.host.split('.');
  const seen = { id: 'preview', sources: [], self: false, barred: null, stale: false, heardAt: 0 };
  const [ranked] = rank([{ ...announce(read, node), ...seen }], new Map());
  return ranked ? { ...rowModel(ranked, services.of(entry.s), words), rank: null, beats: null, rtt: null } : null;
}
