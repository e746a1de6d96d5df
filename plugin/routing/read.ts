/** What the readers of answers share: strangers' values, checked. */
import { isIP } from 'node:net';
import { canonicalAddress } from '../lib/address.js';

/** A finite number that is not negative; null for anything else. */
export function amount(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : null;
}

/** A literal address in canonical form; link-local ones without their zone. "On the link" (`0.0.0.0`, `::`) is none. */
export function gatewayAddress(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const [bare = ''] = value.split('%');
  const address = isIP(bare) === 0 ? null : canonicalAddress(bare);
  return address === '0.0.0.0' || address === '::' ? null : address;
}

/** Name of a network device, as the kernel takes them. */
export function deviceName(value: unknown): string | null {
  return typeof value === 'string' && /^[\w.@:-]{1,15}$/.test(value) ? value : null;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The records of a JSON list. */
export const records = (value: unknown) => (Array.isArray(value) ? value.filter(isRecord) : []);

/** @throws Error */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('its answer is not JSON');
  }
}

/** What prefixed numbers such as `576M` stand for; null for what is none. */
export function prefixedAmount(value: unknown): number | null {
  const [, digits = '', prefix = ''] = /^\s*(\d+(?:\.\d+)?)\s*([kKMGT]?)(?:bit\/s|bps)?\s*$/.exec(String(value)) ?? [];
  const factor = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 }[prefix.toUpperCase()];
  return digits === '' || factor === undefined ? null : Number(digits) * factor;
}
