/** Holds answers against the API's own description. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { openapi } from '../../plugin/web/api/openapi.js';
import { ROUTES } from '../../plugin/web/routes.js';
import { SOURCES } from './fake-panel.js';

export const document = openapi(ROUTES, { base: '/', sources: SOURCES.map(({ id }) => id) });

/** Every object that lists its fields has no others: what the panel answers is all described. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in schema ? { ...inner, additionalProperties: false } : inner;
}

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
(addFormats as unknown as (on: Ajv2020) => void)(ajv);
ajv.addSchema(closed({ $id: 'api', components: { schemas: document.components.schemas } }) as object);
ajv.addKeyword('components');

const validators = new Map<string, ValidateFunction>();

export function validatorOf(name: string): ValidateFunction {
  const validator = validators.get(name) ?? ajv.compile({ $ref: `api#/components/schemas/${name}` });
  validators.set(name, validator);
  return validator;
}

interface Described {
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { schema?: { $ref: string } }>> }>
  >;
}

/** What is wrong with the answer, by the document; null when nothing is. */
export function problemOf(method: string, path: string, answer: { statusCode: number; body: string }) {
  const operation = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()] as unknown as Described;
  const response = operation.responses[answer.statusCode] ?? operation.responses.default;
  if (answer.statusCode < 300 && !operation.responses[answer.statusCode]) return `answers ${answer.statusCode}`;
  const schema = response?.content['application/json']?.schema;
  if (!schema) return null;
  const name = schema.$ref.split('/').at(-1) as string;
  const validate = validatorOf(name);
  return validate(JSON.parse(answer.body)) ? null : `${name}: ${ajv.errorsText(validate.errors)}`;
}
