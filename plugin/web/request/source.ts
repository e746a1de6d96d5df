/** The source that a request names. */
import { queryChoice } from '../../present/query.js';
import type { Web } from '../context.js';

/** `?source=`; null = any. @throws PanelError bad-query for one that the panel does not have */
export const sourceIn = ({ panel }: Web, query: unknown) =>
  queryChoice(
    query,
    'source',
    panel.discovery.sourceTypes.map(({ id }) => id),
  );
