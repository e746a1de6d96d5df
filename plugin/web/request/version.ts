/**
 * What a page is made of, as texts that change with it: whoever has the page of the same version need not be sent it again,
 * nor need it be made again for the next reader. What time alone changes is left out.
 */
import { dayOf } from '../../lib/time.js';
import type { Version } from '../../panel/contract.js';
import { emptyModel } from '../../present/empty.js';
import { ownView } from '../../present/own.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';
import { pathParams } from './path.js';

/** Of the page of a type. */
export async function typeVersion(web: Web, visit: Visit): Promise<Version> {
  const { panel } = web;
  const { type } = pathParams(visit);
  const version = panel.version(type);
  const isEmpty = panel.discovery.providers(type).length === 0;
  return withState(web, version, [
    (await panel.local.states()).get(type),
    await panel.local.problem(),
    await ownView(panel, type),
    isEmpty ? await emptyModel(panel, visit.words, type) : null,
    panel.background.status().on,
  ]);
}

/** Of a provider's page; for the owner also of what this node's own configuration says of it. */
export async function providerVersion(web: Web, visit: Visit): Promise<Version> {
  const { exact, coarse } = await typeVersion(web, visit);
  if (visit.role !== 'owner') return { exact, coarse };
  const { type, id } = pathParams(visit);
  const provider = web.panel.discovery.find(id);
  const own = provider && (await web.panel.services.of(type).introduce?.(provider));
  return withState(web, { exact, coarse }, [...(own ?? [])]);
}

/** Of the page of a job. @throws PanelError unknown-job */
export async function jobVersion(web: Web, visit: Visit): Promise<Version> {
  const { type, ...job } = web.panel.jobs.get(pathParams(visit).id);
  const { exact, coarse } = web.panel.version(type);
  const { state, finishedAt } = job;
  return withState(web, { exact: exact + JSON.stringify(job), coarse: coarse + state + finishedAt }, []);
}

/** Of pages that tell of the sources alone. */
export async function sourcesVersion(web: Web): Promise<Version> {
  const version = String(web.panel.discovery.version());
  return withState(web, { exact: version, coarse: version }, []);
}

/** With what is read each time: this node's own state, and that of the sources and banners, which any page may tell. */
export function withState(web: Web, { exact, coarse }: Version, read: readonly unknown[]): Version {
  // What is up was last up at this moment.
  const sources = web.panel.discovery
    .sources()
    .map(({ lastUp, ...source }) => ({ ...source, lastUp: source.state === 'up' ? null : lastUp }));
  const state = JSON.stringify([sources, web.auth.hasOwner, web.panel.demo, banners(web), read]);
  return { exact: exact + state, coarse: coarse + state };
}

/** What stands above every page: of the clock only its day, since it goes on. */
function banners({ panel: { store, time } }: Web): unknown[] {
  return [store.movedAside, store.unkept, time.doubted && dayOf(time.doubted)];
}
