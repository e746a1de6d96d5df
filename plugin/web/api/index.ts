/** What only programs ask for: the API's own description, and figures for Prometheus. */
import { api, type Route } from '../route.js';
import { metrics } from './metrics.js';
import { openapi } from './openapi.js';

/** @param all every route of the panel */
export const programRoutes = (all: () => readonly Route[]): readonly Route[] => [
  api(
    'GET /api/v1/openapi.json',
    'anyone',
    async (web, { reply }) => {
      reply.type('application/json; charset=utf-8');
      return openapi(
        all(),
        web.base,
        web.panel.discovery.sourceTypes.map(({ id }) => id),
      );
    },
    { summary: 'This document', answer: null, mediaType: 'application/json' },
  ),
  api('GET /metrics', 'anyone', metrics, {
    ...{ summary: 'Figures for Prometheus', answer: null, mediaType: 'text/plain' },
  }),
];
