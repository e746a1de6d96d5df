/** One line of the API's description: what a route does, what it takes and what it answers. Each page writes its own. */

export type Schema = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly summary: string;
  /** Name of the schema of a good answer; null = it is not JSON of ours. */
  readonly answer: string | null;
  /** Where it is not 200. */
  readonly status?: number;
  /** What a good answer means, where that is not plain. */
  readonly means?: string;
  readonly mediaType?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Schema;
}

export const text: Schema = { type: 'string' };
export const limitedText = (maxLength: number): Schema => ({ type: 'string', maxLength });
export const oneOf = (...values: readonly (string | number | boolean | null)[]): Schema => ({ enum: values });
/** @param name of a schema of `schemas.ts` */
export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** The fields of a request's body. */
export const fields = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
});

/** Answers with that schema. */
export const answers = (summary: string, answer: string, query: Operation['query'] = {}): Operation => ({
  summary,
  answer,
  query,
});

/**
 * Begins a job.
 * @param done what has come about once its state is `done`
 */
export const startsJob = (summary: string, done: string, body?: Schema): Operation => ({
  ...{ summary, answer: 'JobAnswer', status: 202 },
  means: `Begun, or running already. Poll GET /api/v1/jobs/{id} until \`state\` is not \`running\`; \`done\`: ${done}`,
  ...(body && { body }),
});
