/** How a provider is used, device by device; and lines with parts that only the person knows, filled with what is typed. */
import { DEVICES, type Device } from '../../services/contract.js';
import type { HoleModel, StepModel } from '../provider.js';

export interface Field extends HoleModel {
  /** As typed, also where it cannot be taken. */
  readonly value: string;
}

/** Characters of a typed part. */
const MAX_LENGTH = 300;
const HOLE = /<(\w+)>/g;

/** @param query of the request, which may give the missing parts */
export function useModel(steps: readonly StepModel[], query: unknown) {
  const devices = DEVICES.map((on) => groupModel(steps, on, query)).filter((group) => group.steps.length > 0);
  const typed = devices.find(({ fields }) => fields.some(({ value }) => value !== ''));
  return { common: groupModel(steps, undefined, query), devices, open: (typed ?? devices[0])?.on };
}

function groupModel(steps: readonly StepModel[], on: Device | undefined, query: unknown) {
  const own = steps.filter((step) => step.on === on);
  const fields = toFields(
    own.flatMap((step) => (step.kind === 'copy' ? (step.holes ?? []) : [])),
    query,
  );
  return {
    on,
    fields,
    steps: own.map((step) => (step.kind === 'copy' ? { ...step, ...fillLine(step.text, fields) } : step)),
  };
}

/** Each field once. */
export function toFields(holes: readonly HoleModel[], query: unknown): readonly Field[] {
  const typed = query as Readonly<Record<string, unknown>>;
  const unique = new Map(holes.map((hole) => [hole.name, hole]));
  return [...unique.values()].map((hole) => {
    const value = typed[hole.name];
    return { ...hole, value: typeof value === 'string' ? value.slice(0, MAX_LENGTH).trim() : '' };
  });
}

/** The line with what was typed put in, as far as it may be. */
export function fillLine(line: string, fields: readonly Field[]) {
  const good = new Map(fields.filter(isGood).map(({ name, value }) => [name, value]));
  const text = line.replace(HOLE, (hole, name) => good.get(name) ?? hole);
  const isOpen = fields.some(({ name }) => !good.has(name) && line.includes(`<${name}>`));
  /** The line to fill; null where it has no holes. */
  return { text, line: fields.some(({ name }) => line.includes(`<${name}>`)) ? line : null, isOpen };
}

const isGood = ({ value, pattern }: Field) => new RegExp(`^(?:${pattern})$`).test(value);
