/** Typed access to decoded MessagePack: a missing value or another type reads as empty. */

/** A decoded map. Its strings are still bytes, because old agents encode text and bytes alike. */
export type Fields = Readonly<Record<string, unknown>>;

/** Text, whether encoded as text or as bytes; invalid UTF-8 becomes replacement characters. */
export function readText(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length).toString() : '';
}

/** A copy, so that a few bytes do not hold their whole chunk in memory. */
export function readBytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? Uint8Array.from(value) : new Uint8Array();
}

export function readNumber(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** A nested map; empty when it is not one. */
export function readFields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
