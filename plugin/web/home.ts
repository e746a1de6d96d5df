/** The first page: every service in one sentence, with what needs the owner's hand before everything else. */
import type { TypeSummary, TypeView } from '../panel.js';
import { backgroundModel } from './background.js';
import { isReachable } from './find.js';
import { serviceModel } from './model.js';
import { nothingModel } from './nothing.js';
import type { Visit, Web } from './visit.js';

/** What is wrong with an own service: a unit has failed, or it is announced and neighbours cannot reach its port. */
export type Trouble = 'unit' | 'port';

export async function homeModel(web: Web, visit: Visit) {
  const { services } = await web.panel.overview();
  const models = await Promise.all(services.map((summary) => homeService(web, visit, summary)));
  const empty = models.every(({ providers }) => providers === 0);
  return {
    title: visit.words.t('page.home'),
    systemd: (await web.panel.local.problem()) === null,
    background: backgroundModel(web),
    services: troubledFirst(models.filter(({ builtin }) => builtin)),
    others: models.filter(({ builtin }) => !builtin),
    nothing: await nothingModel(web, visit, empty),
  };
}

async function homeService(web: Web, { words, role }: Visit, summary: TypeSummary) {
  return {
    ...serviceModel(summary, words),
    trouble: await troubleOf(web, summary),
    /** So that the page shows all that is counted, the owner's hidden ones too. */
    counted: role === 'owner' ? { hidden: 'yes' } : {},
  };
}

/** The others keep their order. */
function troubledFirst<T extends { readonly trouble: Trouble | null }>(services: readonly T[]): readonly T[] {
  return services.toSorted((a, b) => Number(b.trouble !== null) - Number(a.trouble !== null));
}

async function troubleOf({ panel }: Web, { word, local, builtin }: TypeSummary): Promise<Trouble | null> {
  if (local.units.some(({ state }) => state === 'failed')) return 'unit';
  if (!builtin || !local.published) return null;
  if (local.state === 'stopped') return 'port';
  const heard = ((await panel.own.view(word)).port?.transports ?? []).map(({ listening }) => listening);
  const isSilent = heard.some((one) => one !== null) && !heard.includes('open');
  return isSilent ? 'port' : null;
}

/** What a type's headline says where nothing can be recommended. */
export function headlineOf({ ranked }: TypeView) {
  return {
    own: ranked.some(({ provider, score }) => provider.self && (score ?? 0) > 0),
    open: ranked.filter((one) => one.score === null && isReachable(one)).length,
  };
}
