/**
 * DNS names as text that turns back into the same bytes (RFC 1035 §5.1): labels joined by dots. Inside a label a dot or a
 * backslash has a backslash before it, and where a label is not UTF-8, each byte beyond ASCII is written `\DDD`.
 */
import { isUtf8 } from 'node:buffer';

/** ASCII without anything to escape, which nearly every label is. */
const PLAIN = /^[^.\\\x80-\xff]*$/;

/** A label of a message as text. */
export function labelText(bytes: Buffer): string {
  const plain = bytes.toString('latin1');
  if (PLAIN.test(plain)) return plain;
  if (isUtf8(bytes)) return bytes.toString().replace(/[.\\]/g, '\\$&');
  const escaped = bytes.toString('latin1').replace(/[.\\]/g, '\\$&');
  return escaped.replace(/[\x80-\xff]/g, (byte) => `\\${byte.charCodeAt(0)}`);
}

/** The bytes of each label. */
export function labels(name: string): readonly Buffer[] {
  return (name.match(/(?:\\.|[^.\\])+/gs) ?? []).map(labelBytes);
}

function labelBytes(label: string): Buffer {
  if (!label.includes('\\')) return Buffer.from(label);
  const parts = label.match(/\\\d{3}|\\.|[^\\]+/gs) ?? [];
  return Buffer.concat(
    parts.map((part) =>
      /^\\\d{3}/.test(part) ? Buffer.of(Number(part.slice(1))) : Buffer.from(part.replace('\\', '')),
    ),
  );
}

/** The name in a message, without compression. */
export function nameBytes(name: string): Buffer {
  const parts = labels(name).flatMap((label) => [Buffer.of(label.length), label]);
  return Buffer.concat([...parts, Buffer.of(0)]);
}

/** The name as a person reads it; bytes that are not UTF-8 become replacement characters. */
export function displayName(name: string): string {
  return name.includes('\\') ? labels(name).join('.') : name;
}

/** Lower case of ASCII letters only, as DNS compares names. */
export const lower = (name: string) => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
