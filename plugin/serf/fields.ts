/** Typed reading of decoded MessagePack: what is missing or of another type reads as empty. */

/** A decoded map; its texts are bytes still, because old agents write text and bytes alike. */
export type Fields = Readonly<Record<string, unknown>>;

/** Text, whether the agent wrote it as text or as bytes; bytes that are no UTF-8 become replacement characters. */
export function readText(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length).toString() : '';
}

/** A copy, so that a few bytes do not keep the whole chunk that they came in. */
export function readBytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? Uint8Array.from(value) : new Uint8Array();
}

export function readNumber(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** A map within a map; empty when it is none. */
export function readFields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
