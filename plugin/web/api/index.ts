/** What only programs ask for: the API's own description, and figures for Prometheus. */
import { api, get, type Route } from '../route.js';
import { exampleType, guide } from './guide.js';
import { metrics } from './metrics.js';
import { openapi } from './openapi.js';

/** @param all every route of the panel */
export const programRoutes = (all: () => readonly Route[]): readonly Route[] => [
  get('/api', 'anyone', (web, visit) => guide(web, visit, all())),
  api(
    'GET /api/v1/openapi.json',
    'anyone',
    async (web, { reply }) => {
      reply.type('application/json; charset=utf-8');
      const sources = web.panel.discovery.sourceTypes.map(({ id }) => id);
      return openapi(all(), { base: web.base, sources, type: exampleType(web) });
    },
    { summary: 'This document', answer: null, mediaType: 'application/json' },
  ),
  api('GET /metrics', 'anyone', metrics, {
    ...{ summary: 'Figures for Prometheus', answer: null, mediaType: 'text/plain' },
  }),
];
