/** What the path of a request names. */

import type { Visit } from '../visit.js';

/** The `:type` and `:id` of the path. */
export const pathOf = ({ request }: Visit) => request.params as { readonly type: string; readonly id: string };
