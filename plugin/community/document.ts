/**
 * What one panel says of the providers that it has measured: one small signed document. Pure. The signature proves which
 * node says it, not that it is true.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { cleanText } from '../lib/text.js';
import { HOUR_MS, MINUTE_MS } from '../lib/time.js';
import type { Level } from '../model/level.js';

const VERSION = 1;
/** Of the whole document as it is sent. */
export const MAX_BYTES = 4_096;
export const MAX_ROWS = 50;
/** Older measurements are not told, and not believed. */
export const MAX_AGE_HOURS = 168;
/** Fewer tell too little. */
export const MIN_LOOKS = 2;
/** What a score looks at. */
export const MAX_LOOKS = 40;
const MAX_NODE = 128;

/** A clock may be wrong by this much; a document is made anew more often than daily. */
const FUTURE_MS = 10 * MINUTE_MS;
const PAST_MS = 25 * HOUR_MS;

/** One provider, as the node that sends it has measured it itself. */
export interface OpinionRow {
  /** Id of the provider, the same on all nodes. */
  readonly provider: string;
  readonly type: string;
  /** Of the newest look; 0 where it failed. */
  readonly level: Level;
  /** Independent looks within seven days. */
  readonly looks: number;
  /** Of the newest look, whole hours. */
  readonly ageHours: number;
  /** The score without any stars, 0..100; 0 where it failed; null where the type is not scored. */
  readonly mark: number | null;
  /** Looks that were answered, percent. */
  readonly answered: number;
  /** The owner's own, where they are shared. */
  readonly stars?: number;
}

/** What a node says of itself, coarsely; null where it does not know. */
export interface Infrastructure {
  /** Whole days since it started. */
  readonly upDays: number | null;
  /** Processes that want to run, percent of a core. */
  readonly load: number | null;
  /** What is free, percent. */
  readonly memory: number | null;
  readonly disk: number | null;
}

export interface OpinionDocument {
  /** Name of the node. */
  readonly node: string;
  /** When it was made, s since the epoch. */
  readonly at: number;
  /** Its public key: 32 bytes in base64url. */
  readonly key: string;
  readonly infrastructure: Infrastructure;
  readonly rows: readonly OpinionRow[];
}

/** Why a document is not taken. */
export type DocumentProblem = 'too-large' | 'unreadable' | 'other-version' | 'unsigned' | 'untimely';

/** The public half, as documents name it. */
export function publicKey(key: KeyObject): string {
  return String(createPublicKey(key).export({ format: 'jwk' }).x);
}

/**
 * The signed document, as it is sent. Where it would be too large, the last rows stay behind.
 * @param key private Ed25519 key
 */
export function makeDocument({ rows, ...rest }: Omit<OpinionDocument, 'key'>, key: KeyObject): string {
  const whole = { ...rest, key: publicKey(key) };
  for (let count = Math.min(rows.length, MAX_ROWS); ; count -= 1) {
    const body = toBody({ ...whole, rows: rows.slice(0, count) });
    const text = JSON.stringify({ ...body, sig: sign(null, signed(body), key).toString('base64url') });
    if (count === 0 || Buffer.byteLength(text) <= MAX_BYTES) return text;
  }
}

/**
 * Reads a stranger's document: nothing is taken unless all of it is as it should be.
 * @param now ms since the epoch
 */
export function readDocument(bytes: Uint8Array, now: number): OpinionDocument | DocumentProblem {
  if (bytes.length > MAX_BYTES) return 'too-large';
  const fields = toFields(bytes);
  if (fields === null) return 'unreadable';
  if (fields.v !== VERSION) return 'other-version';
  const document = fromFields(fields);
  if (document === null) return 'unreadable';
  if (!isSigned(document, fields.sig)) return 'unsigned';
  const age = now - document.at * 1_000;
  return age < -FUTURE_MS || age > PAST_MS ? 'untimely' : document;
}

/** One that was sound when it came, and was stored since: its signature is not checked again. null where it is damaged. */
export function readStored(text: string): OpinionDocument | null {
  const fields = toFields(Buffer.from(text));
  return fields && fromFields(fields);
}

/** Of a document that was stored; none where it is damaged. */
export const rowsIn = ({ document }: { readonly document: string }): readonly OpinionRow[] =>
  readStored(document)?.rows ?? [];

/** A private key from PEM. @throws Error where it is none, or of another kind */
export function readKey(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key');
  return key;
}

type WireRow = readonly (string | number | null)[];

interface Body {
  readonly v: number;
  readonly node: string;
  readonly at: number;
  readonly key: string;
  readonly infra: readonly (number | null)[];
  readonly rows: readonly WireRow[];
}

/** In this order, without white space: what is signed. */
function toBody({ node, at, key, infrastructure, rows }: OpinionDocument): Body {
  const { upDays, load, memory, disk } = infrastructure;
  return { v: VERSION, node, at, key, infra: [upDays, load, memory, disk], rows: rows.map(toWire) };
}

function toWire({ provider, type, level, looks, ageHours, mark, answered, stars }: OpinionRow): WireRow {
  const row = [provider, type, level, looks, ageHours, mark, answered];
  return stars === undefined ? row : [...row, stars];
}

/** The first words keep the signature from meaning anything elsewhere. */
const signed = (body: Body) => Buffer.from(`cloudy-services opinions\n${JSON.stringify(body)}`);

function isSigned(document: OpinionDocument, signature: unknown): boolean {
  const bytes = fromBase64(signature, 64);
  if (bytes === null) return false;
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: document.key }, format: 'jwk' });
    return verify(null, signed(toBody(document)), key, bytes);
  } catch {
    return false;
  }
}

const KEYS = 'at,infra,key,node,rows,sig,v';

/** An object with these fields and no others; null for anything else. */
function toFields(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value !== 'object' || value === null) return null;
    return Object.keys(value).sort().join() === KEYS ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function fromFields({ node, at, key, infra, rows }: Readonly<Record<string, unknown>>): OpinionDocument | null {
  const infrastructure = readInfrastructure(infra);
  const read = readRows(rows);
  if (!isNode(node) || !isWhole(at, 0, 1e11) || fromBase64(key, 32) === null) return null;
  return infrastructure && read && { node, at, key: String(key), infrastructure, rows: read };
}

function readInfrastructure(value: unknown): Infrastructure | null {
  if (!Array.isArray(value) || value.length !== 4) return null;
  const [upDays, load, memory, disk] = value as unknown[];
  const isFit = orNull(upDays, 100_000) && orNull(load, 10_000) && orNull(memory, 100) && orNull(disk, 100);
  return isFit ? ({ upDays, load, memory, disk } as Infrastructure) : null;
}

function readRows(value: unknown): readonly OpinionRow[] | null {
  if (!Array.isArray(value) || value.length > MAX_ROWS) return null;
  const rows = value.map(readRow);
  const ids = new Set(rows.map((row) => row?.provider));
  return ids.size === rows.length && rows.every((row) => row !== null) ? rows : null;
}

function readRow(value: unknown): OpinionRow | null {
  if (!Array.isArray(value) || value.length < 7 || value.length > 8) return null;
  const [provider, type, level, looks, ageHours, mark, answered, stars] = value as unknown[];
  const isNamed = isText(provider, PROVIDER) && isText(type, TYPE);
  const isCounted = isWhole(looks, MIN_LOOKS, MAX_LOOKS) && isWhole(ageHours, 0, MAX_AGE_HOURS);
  const isMarked = isWhole(level, 0, 5) && orNull(mark, 100) && isWhole(answered, 0, 100);
  if (!isNamed || !isCounted || !isMarked) return null;
  const row = { provider, type, level: level as Level, looks, ageHours, mark, answered };
  if (value.length === 7) return row;
  return isWhole(stars, 1, 5) ? { ...row, stars } : null;
}

const PROVIDER = /^[0-9a-f]{32}$/;
/** Other words are not told: a type of a stranger's making may have any. */
export const TYPE = /^[\w.+-]{1,48}$/;

const isText = (value: unknown, shape: RegExp): value is string => typeof value === 'string' && shape.test(value);
const isNode = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && cleanText(value, MAX_NODE) === value;
const isWhole = (value: unknown, least: number, most: number): value is number =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
const orNull = (value: unknown, most: number): value is number | null => value === null || isWhole(value, 0, most);

/** So many bytes in base64url, in the one way to write them; null for anything else. */
function fromBase64(value: unknown, length: number): Buffer | null {
  if (typeof value !== 'string' || value.length > 2 * length) return null;
  const bytes = Buffer.from(value, 'base64url');
  return bytes.length === length && bytes.toString('base64url') === value ? bytes : null;
}
