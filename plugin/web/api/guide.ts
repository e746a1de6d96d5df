/** The API for people: how a program logs in, lines to copy that work as they are, and every operation. */
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import type { Route } from '../route.js';
import type { Visit } from '../visit.js';
import { operationsByTag } from './openapi.js';
import { programAddress, tokensModel } from './tokens.js';

/** A type that somebody announces, so that the examples answer something. */
export const exampleType = ({ panel }: Web): string | undefined =>
  panel.services.types.find(({ id }) => panel.discovery.providers(id).length > 0)?.id ?? panel.services.types[0]?.id;

/** @param all every route of the panel */
export function guide(web: Web, visit: Visit, all: readonly Route[]) {
  return page(web, visit, 'api', {
    title: visit.words.t('page.api'),
    tags: operationsByTag(all),
    api: `${programAddress(web, visit)}api/v1`,
    type: exampleType(web) ?? 'TYPE',
    isPublic: web.panel.config.publicRead,
    makesTokens: tokensModel(web, visit) !== null,
  });
}
