/** This node's own service of a type: its units, port, log and announcement. */

import type { WireEntry } from '../announcement/tag-write.js';
import type { Config } from '../config/index.js';
import type { Discovery } from '../discovery/index.js';
import type { JobHandle, Jobs } from '../jobs/index.js';
import { orAbort } from '../lib/abort.js';
import type { Jump } from '../lib/clock/index.js';
import { PanelError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import type { OwnUnit, Verb } from '../model/unit.js';
import type { Opening, ServiceType } from '../services/contract.js';
import type { CompleteForm, PublishForm } from './announce/form.js';
import { Lan, type LanState } from './announce/lan.js';
import { AnnouncementMonitor, type MonitorDeps } from './announce/monitor.js';
import { type Preview, type Publication, Publisher, type PublisherDeps } from './announce/publisher.js';
import { type Listening, listening, type Transport } from './ports.js';
import type { LocalServices } from './systemd/index.js';
import { type UnitLog, unitLog } from './systemd/journal.js';
import { matchesUnit } from './systemd/units.js';

export interface OwnPort {
  readonly port: number;
  readonly transports: readonly { readonly transport: Transport; readonly listening: Listening | null }[];
}

export interface OwnView {
  readonly units: readonly OwnUnit[];
  /** null where no unit runs, or its port is not known. */
  readonly port: OwnPort | null;
  /** This panel's announcement of it; null where there is none. */
  readonly publication: Publication | null;
  /** Its entries in this node's tag, whoever wrote them. */
  readonly announced: readonly WireEntry[];
  /** The state on the local network; `off` by configuration; null where it is not to be announced. */
  readonly lan: LanState | 'off' | null;
}

/** How to open the type's port to neighbours, where the running unit keeps it to this machine; null where unknown. */
export function openingFor({ local }: ServiceType, own: Pick<OwnView, 'units' | 'port'>): Opening | null {
  if (!own.port?.transports.some(({ listening }) => listening === 'loopback')) return null;
  const running = own.units.filter(({ state }) => state === 'running');
  const candidate = local?.units.find(({ unit }) => running.some((own) => matchesUnit(own.unit, unit)));
  return candidate?.opening ?? null;
}

interface OwnDeps extends Omit<PublisherDeps, 'lan'> {
  readonly config: PublisherDeps['config'] & Pick<Config, 'avahi'>;
  readonly discovery: Discovery;
  readonly jobs: Jobs;
  readonly local: LocalServices;
  readonly events: MonitorDeps['events'];
  /** Whether to monitor the announcements: only in the process that serves the panel. */
  readonly keep: boolean;
  /** ms, where the clock may be set meanwhile: what has passed since some moment. */
  readonly steady?: () => number;
}

/** Kinds of job that change the own service: one at a time for each type. */
const KINDS: readonly string[] = ['start', 'stop', 'enable', 'disable', 'publish', 'unpublish'];
/** Every step has a shorter limit of its own, ms. */
const PUBLISH_LIMIT_MS = 60_000;

/** The part that pages and API use. */
export type Own = Pick<OwnServices, 'view' | 'act' | 'log' | 'form' | 'preview' | 'publish' | 'unpublish'>;

export class OwnServices {
  readonly #deps: OwnDeps;
  readonly #publisher: Publisher;
  readonly #monitor: AnnouncementMonitor | null;
  readonly #lan: Lan | null;

  constructor(deps: OwnDeps) {
    this.#deps = deps;
    this.#lan = deps.keep && deps.config.avahi !== 'off' ? new Lan() : null;
    this.#publisher = new Publisher({ ...deps, lan: this.#lan });
    this.#monitor = deps.keep
      ? new AnnouncementMonitor({ ...deps, now: deps.steady ?? deps.now, publisher: this.#publisher })
      : null;
  }

  /** The clock was set: what was announced, or ended, since this boot moves along. */
  move(jump: Jump): void {
    this.#publisher.move(jump);
  }

  /** @throws PanelError unknown-type where it is neither built in nor announced by this node */
  async view(typeId: string): Promise<OwnView> {
    this.#assertOwn(typeId);
    const { units = [], state } = (await this.#deps.local.states()).get(typeId) ?? {};
    const publication = this.#publisher.all().get(typeId) ?? null;
    const announced = Number(publication?.entry.p ?? this.#deps.services.of(typeId).defaultPort);
    return {
      units,
      publication,
      announced: this.#publisher.announced(typeId),
      lan: publication && !publication.withdrawn ? this.#lanState(typeId) : null,
      port: state === 'running' && announced > 0 ? await this.#port(typeId, announced) : null,
    };
  }

  /**
   * Acts on the type's unit, as a job.
   * @param unit one of the type's units here; by default the one that stands for it
   * @throws PanelError unknown-type
   */
  act(typeId: string, verb: Verb, unit?: string): Job {
    this.#assertBuiltin(typeId);
    return this.#start(typeId, verb, async ({ signal }) => {
      await this.#deps.local.act(typeId, verb, signal, unit);
    });
  }

  /** @throws PanelError unknown-type, unit-absent, unit-refused, log-unreadable */
  async log(typeId: string, unit?: string): Promise<UnitLog> {
    this.#assertBuiltin(typeId);
    const local = (await this.#deps.local.states()).get(typeId);
    const wanted = unit ?? local?.unit;
    if (!wanted) throw new PanelError('unit-absent', 'This machine has no unit for that service.', 'Install it first.');
    if (local?.units.some((own) => own.unit === wanted)) return unitLog(wanted);
    throw new PanelError(
      'unit-refused',
      'That unit does not belong to this service.',
      'Choose one of those on the page.',
    );
  }

  /** The announcement form's first values. @param port of the announced entry to change */
  form(typeId: string, port?: string): CompleteForm {
    return this.#publisher.form(typeId, port);
  }

  /** The announcement as neighbours would see it. @throws PanelError unknown-type, FieldError and those of the Serf agent */
  async preview(typeId: string, form?: PublishForm): Promise<Preview> {
    this.#assertOwn(typeId);
    return this.#publisher.preview(typeId, form);
  }

  /** Announces the service, as a job. @throws PanelError unknown-type; FieldError */
  publish(typeId: string, form: PublishForm): Job {
    this.#assertOwn(typeId);
    this.#publisher.check(typeId, form);
    const announce = async () => {
      const local = (await this.#deps.local.states()).get(typeId);
      await this.#publisher.publish(typeId, form, local?.state === 'running' ? local.unit : null);
      this.#monitor?.watch();
    };
    return this.#start(typeId, 'publish', ({ signal }) => withinLimit(announce, signal));
  }

  /** Ends the announcement, as a job. @param port of the announced entry, where there are several @throws PanelError unknown-type */
  unpublish(typeId: string, port?: string): Job {
    this.#assertOwn(typeId);
    const end = () => this.#publisher.unpublish(typeId, port);
    return this.#start(typeId, 'unpublish', ({ signal }) => withinLimit(end, signal));
  }

  /** Call it before the discovery is closed, await it afterwards. */
  async close(): Promise<void> {
    await Promise.all([this.#monitor?.close(), this.#lan?.close()]);
  }

  #lanState(typeId: string): OwnView['lan'] {
    return this.#deps.config.avahi === 'off' ? 'off' : (this.#lan?.state(typeId) ?? null);
  }

  async #port(typeId: string, port: number): Promise<OwnPort> {
    const all = this.#deps.services.of(typeId).transports.map(async (transport) => ({
      transport,
      listening: await listening(port, transport),
    }));
    return { port, transports: await Promise.all(all) };
  }

  /** A second click gets the first one's job, whatever it requests: two at once would fight over the service. */
  #start(typeId: string, kind: Verb | 'publish' | 'unpublish', work: (job: JobHandle) => Promise<void>): Job {
    const { jobs } = this.#deps;
    const running = jobs.running().find((job) => job.type === typeId && KINDS.includes(job.kind));
    if (running) return running;
    return jobs.start({ kind, type: typeId, provider: null, total: 1 }, async (job) => {
      await work(job);
      job.progress(1);
    });
  }

  #assertOwn(typeId: string): void {
    const publications = [...this.#publisher.all().values()];
    if (publications.some(({ entry }) => entry.s === typeId) || this.#publisher.announced(typeId).length > 0) return;
    this.#assertBuiltin(typeId);
  }

  #assertBuiltin(typeId: string): void {
    if (this.#deps.services.has(typeId)) return;
    const message = `This panel has no service "${typeId.slice(0, 32)}" of its own.`;
    throw new PanelError('unknown-type', message, 'Choose one from the list of services.');
  }
}

/** The agent cannot be told to stop what it does: nobody waits for it longer than the limit. */
async function withinLimit(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const limit = new AbortController();
  const late = new PanelError('publish-failed', 'The Serf agent takes too long.', 'Look at its log, then try again.');
  const timer = setTimeout(() => limit.abort(late), PUBLISH_LIMIT_MS);
  try {
    await orAbort(work(), AbortSignal.any([signal, limit.signal]));
  } finally {
    clearTimeout(timer);
  }
}
