/** This node's own service of a type: its units, its port, its log, and what is announced of it. */

import type { WireEntry } from '../announcement/tag-write.js';
import type { Config } from '../config/index.js';
import type { Discovery } from '../discovery/index.js';
import type { JobHandle, Jobs } from '../jobs/index.js';
import { waitFor } from '../lib/wait.js';
import { PanelError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import type { OwnUnit, Verb } from '../model/unit.js';
import type { Opening, ServiceType } from '../services/contract.js';
import type { PublishForm, WholeForm } from './announce/form.js';
import { Lan, type LanState } from './announce/lan.js';
import { Keeper, type KeeperDeps } from './announce/monitor.js';
import { type Preview, type Publication, Publisher, type PublisherDeps } from './announce/publisher.js';
import { type Listening, listening, type Transport } from './ports.js';
import type { LocalServices } from './systemd/index.js';
import { type UnitLog, unitLog } from './systemd/journal.js';
import { isOf } from './systemd/units.js';

export interface OwnPort {
  readonly port: number;
  readonly transports: readonly { readonly transport: Transport; readonly listening: Listening | null }[];
}

export interface OwnView {
  readonly units: readonly OwnUnit[];
  /** null where no unit runs, or its port is not known. */
  readonly port: OwnPort | null;
  /** What this panel announced of it; null when nothing. */
  readonly publication: Publication | null;
  /** What this node's tag says of it, whoever wrote it. */
  readonly announced: readonly WireEntry[];
  /** How far that is on the local network; `off` by configuration; null where it is not to be announced. */
  readonly lan: LanState | 'off' | null;
}

/** What opens the type's port to neighbours, where the unit that runs keeps it to this machine; null where nobody says how. */
export function openingFor({ local }: ServiceType, own: Pick<OwnView, 'units' | 'port'>): Opening | null {
  if (!own.port?.transports.some(({ listening }) => listening === 'loopback')) return null;
  const running = own.units.filter(({ state }) => state === 'running');
  const candidate = local?.units.find(({ unit }) => running.some((one) => isOf(one.unit, unit)));
  return candidate?.opening ?? null;
}

interface OwnDeps extends Omit<PublisherDeps, 'lan'> {
  readonly config: PublisherDeps['config'] & Pick<Config, 'avahi'>;
  readonly discovery: Discovery;
  readonly jobs: Jobs;
  readonly local: LocalServices;
  readonly events: KeeperDeps['events'];
  /** Whether to keep what is announced true while this runs: in the process that serves the panel, and only there. */
  readonly keep: boolean;
}

/** Kinds of job that change the own service: one at a time for each type. */
const KINDS: readonly string[] = ['start', 'stop', 'enable', 'disable', 'publish', 'unpublish'];
/** Everything within has a shorter limit of its own, ms. */
const PUBLISH_LIMIT_MS = 60_000;

/** What pages and API need of it. */
export type Own = Pick<OwnServices, 'view' | 'act' | 'log' | 'form' | 'preview' | 'publish' | 'unpublish'>;

export class OwnServices {
  readonly #deps: OwnDeps;
  readonly #publisher: Publisher;
  readonly #keeper: Keeper | null;
  readonly #lan: Lan | null;

  constructor(deps: OwnDeps) {
    this.#deps = deps;
    this.#lan = deps.keep && deps.config.avahi !== 'off' ? new Lan() : null;
    this.#publisher = new Publisher({ ...deps, lan: this.#lan });
    this.#keeper = deps.keep ? new Keeper({ ...deps, publisher: this.#publisher }) : null;
  }

  /** @throws PanelError unknown-type where it is neither built in nor announced by this node */
  async view(word: string): Promise<OwnView> {
    this.#assertOwn(word);
    const { units = [], state } = (await this.#deps.local.states()).get(word) ?? {};
    const publication = this.#publisher.all().get(word) ?? null;
    const announced = Number(publication?.entry.p ?? this.#deps.services.of(word).defaultPort);
    return {
      units,
      publication,
      announced: this.#publisher.announced(word),
      lan: publication && !publication.withdrawn ? this.#lanState(word) : null,
      port: state === 'running' && announced > 0 ? await this.#port(word, announced) : null,
    };
  }

  /**
   * Acts on the type's unit, as a job.
   * @param unit one of the type's units here; the one that stands for it when left out
   * @throws PanelError unknown-type
   */
  act(word: string, verb: Verb, unit?: string): Job {
    this.#assertBuiltin(word);
    return this.#start(word, verb, async ({ signal }) => {
      await this.#deps.local.act(word, verb, signal, unit);
    });
  }

  /** @throws PanelError unknown-type, unit-absent, unit-refused, log-unreadable */
  async log(word: string, unit?: string): Promise<UnitLog> {
    this.#assertBuiltin(word);
    const local = (await this.#deps.local.states()).get(word);
    const wanted = unit ?? local?.unit;
    if (!wanted) throw new PanelError('unit-absent', 'This machine has no unit for that service.', 'Install it first.');
    if (local?.units.some((own) => own.unit === wanted)) return unitLog(wanted);
    throw new PanelError('unit-refused', 'That unit is not one of this panel.', 'Choose one that the page names.');
  }

  /** What the form for announcing the service shows first. @param port of the announced entry that it is to change */
  form(word: string, port?: string): WholeForm {
    return this.#publisher.form(word, port);
  }

  /** What neighbours would see. @throws PanelError unknown-type, FieldError and those of the Serf agent */
  async preview(word: string, form?: PublishForm): Promise<Preview> {
    this.#assertOwn(word);
    return this.#publisher.preview(word, form);
  }

  /** Announces the service, as a job. @throws PanelError unknown-type; FieldError */
  publish(word: string, form: PublishForm): Job {
    this.#assertOwn(word);
    this.#publisher.check(word, form);
    const announce = async () => {
      const local = (await this.#deps.local.states()).get(word);
      await this.#publisher.publish(word, form, local?.state === 'running' ? local.unit : null);
      this.#keeper?.watch();
    };
    return this.#start(word, 'publish', ({ signal }) => orAborted(announce, signal));
  }

  /** Ends the announcement, as a job. @param port of the announced entry, where there are several @throws PanelError unknown-type */
  unpublish(word: string, port?: string): Job {
    this.#assertOwn(word);
    const end = () => this.#publisher.unpublish(word, port);
    return this.#start(word, 'unpublish', ({ signal }) => orAborted(end, signal));
  }

  /** Call it before the discovery is closed, await it afterwards. */
  async close(): Promise<void> {
    await Promise.all([this.#keeper?.close(), this.#lan?.close()]);
  }

  #lanState(word: string): OwnView['lan'] {
    return this.#deps.config.avahi === 'off' ? 'off' : (this.#lan?.state(word) ?? null);
  }

  async #port(word: string, port: number): Promise<OwnPort> {
    const all = this.#deps.services.of(word).transports.map(async (transport) => ({
      transport,
      listening: await listening(port, transport),
    }));
    return { port, transports: await Promise.all(all) };
  }

  /** A second click gets the job of the first, whatever it asks for: two at once would fight over the service. */
  #start(word: string, kind: Verb | 'publish' | 'unpublish', work: (job: JobHandle) => Promise<void>): Job {
    const { jobs } = this.#deps;
    const running = jobs.running().find((job) => job.type === word && KINDS.includes(job.kind));
    if (running) return running;
    return jobs.start({ kind, type: word, provider: null, total: 1 }, async (job) => {
      await work(job);
      job.progress(1);
    });
  }

  #assertOwn(word: string): void {
    const publications = [...this.#publisher.all().values()];
    if (publications.some(({ entry }) => entry.s === word) || this.#publisher.announced(word).length > 0) return;
    this.#assertBuiltin(word);
  }

  #assertBuiltin(word: string): void {
    if (this.#deps.services.has(word)) return;
    const message = `This panel has no service "${word.slice(0, 32)}" of its own.`;
    throw new PanelError('unknown-type', message, 'Choose one from the list of services.');
  }
}

/** The agent cannot be told to stop what it does; nobody has to wait for it, though. */
function orAborted(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const working = work();
  return waitFor<void>({
    signal,
    limitMs: PUBLISH_LIMIT_MS,
    atLimit: () => {
      throw new PanelError('publish-failed', 'The Serf agent takes too long.', 'Look at its log, then try again.');
    },
    listen: (end) => {
      working.then(
        () => end(() => {}),
        (error) =>
          end(() => {
            throw error;
          }),
      );
      return () => {};
    },
  });
}
