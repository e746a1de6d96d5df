/** Files for programs, which a service type writes from the providers worth using. */
import { networkInterfaces } from 'node:os';
import type { Config } from '../../config/index.js';
import { reachableUrls } from '../../config/install.js';
import { createAddressCheck } from '../../discovery/allowed.js';
import { joinHostPort } from '../../lib/address.js';
import { PanelError } from '../../model/errors.js';
import type { TypeView } from '../../panel/contract.js';
import { worthUsing } from '../../present/provider.js';
import type { ServiceType, Usable } from '../../services/contract.js';
import { keepLine } from '../../services/steps.js';
import type { Web } from '../context.js';
import { get, type Route } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = [get('/services/:type/files/:name', 'reader', file)];

/** An address that may stand in a command, and in a line of cron: no quotes, no `%`. */
const PLAIN = /^https?:\/\/[\w.:[\]/-]+$/;

/** A browser asks for its proxy configuration again and again; the ranking changes slowly. Seconds. */
const FRESH_S = 60;

/** What pages and API say of a type's files. */
export function fileModels(web: Web, { files = [] }: ServiceType, typeId: string, visit: Visit) {
  const root = panelAddress(web, visit);
  return files.map(({ name, label, hint, keep }) => {
    const url = web.url('services', typeId, 'files', name);
    /** `address` is absolute, to be copied into other programs; null where no program could read it. */
    const address = root === null ? null : root + url.slice(web.base.length);
    return {
      ...{ name, label: label[visit.words.language], hint: hint?.[visit.words.language] ?? null, url, address },
      /** A line for cron that keeps it up to date on a Debian machine. */
      keep: keep && address !== null && PLAIN.test(address) ? keepLine(address, keep) : null,
    };
  });
}

/** Providers of a type are opened alike: a long list need not be looked through. */
const SAMPLE = 5;

/** Whether anything can follow the ranking of the type: a file, or an address that leads to the best one's page. */
export const follows = ({ type, ranked }: Pick<TypeView, 'type' | 'ranked'>): boolean =>
  (type.files ?? []).length > 0 ||
  ranked.slice(0, SAMPLE).some(({ provider, facts }) => webLink(type, { ...provider, facts }) !== null);

/** The page to open of a provider; null where it is not used in a browser. */
export function webLink(type: ServiceType, provider: Usable): string | null {
  const step = type.use(provider).find((step) => step.kind === 'link' && step.on === undefined);
  const url = step?.kind === 'link' ? step.url : '';
  return /^https?:/.test(url) && URL.canParse(url) ? url : null;
}

/**
 * Where programs reach the panel: at the address that the visitor's browser uses. Inside another application, where no
 * program can log in, it is the panel's own address; null where it has none.
 */
export function panelAddress({ base, embedded, panel }: Web, { request }: Visit): string | null {
  if (!embedded) return `${request.protocol}://${request.host}${base}`;
  const { listen, basePath } = panel.config;
  if (listen === null) return null;
  const host = ['0.0.0.0', '::'].includes(listen.host) ? request.hostname : listen.host;
  return `http://${joinHostPort(host, listen.port)}${basePath}`;
}

/** Whether the address means every machine's own. */
const isLocal = (address: string): boolean => /^https?:\/\/(localhost|127\.[\d.]+|\[::1\])[:/]/.test(address);

type Listening = Pick<Config, 'listen' | 'communityRanges'>;

/**
 * The address for neighbours of a page that is open at one of this machine's own: by the node's address in the community,
 * where the panel listens on it. Any other address is left as it is.
 */
export function neighboursUrl(
  url: string,
  { listen, communityRanges }: Listening,
  interfaces = networkInterfaces,
): string {
  if (!isLocal(url) || listen === null) return url;
  const isOfCommunity = createAddressCheck(communityRanges, false);
  const others = reachableUrls(url, listen.host, interfaces);
  return others.find((other) => isOfCommunity(new URL(other).hostname.replaceAll(/[[\]]/g, ''))) ?? url;
}

/** What to do about an address of this machine's own: have the panel listen on others, or open it at another. */
export function localAdvice({ panel }: Web, url: string | null): 'address.closed' | 'address.local' | null {
  if (url === null || !isLocal(url)) return null;
  const { listen } = panel.config;
  return listen !== null && isLocal(`http://${joinHostPort(listen.host, listen.port)}/`)
    ? 'address.closed'
    : 'address.local';
}

/** Where others see this page; null where no address leads there. */
export function shareModel(web: Web, visit: Visit, url: string) {
  const { config } = web.panel;
  const root = panelAddress(web, visit);
  const address = root === null ? null : neighboursUrl(root + url.slice(web.base.length), config);
  const local = localAdvice(web, address);
  return { address, local, port: String(config.listen?.port ?? ''), isPublic: config.publicRead };
}

export const noneWorks = () =>
  new PanelError('none-works', 'No provider of it works now.', 'Keep what you have, and measure again later.');

/** @throws PanelError unknown-type, none-works; not-found for a name that the type does not write */
async function file(web: Web, { request, reply }: Visit) {
  const { type, name } = request.params as { readonly type: string; readonly name: string };
  const view = await web.panel.type(type);
  const found = view.type.files?.find((written) => written.name === name);
  if (!found) throw new PanelError('not-found', 'This service has no such file.', 'Take the address from its page.');
  const text = found.write(worthUsing(view));
  if (text === null) throw noneWorks();
  reply.header('cache-control', `max-age=${FRESH_S}`).type(found.mediaType);
  return text;
}
