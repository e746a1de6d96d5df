/** Members of a Serf community, as the agent's RPC encodes them. */
import { canonicalAddress } from '../lib/address.js';
import { type Fields, readBytes, readFields, readNumber, readText } from './fields.js';

export type MemberStatus = 'alive' | 'leaving' | 'left' | 'failed' | 'none';

export interface Member {
  readonly name: string;
  /** Where it gossips; null unless the agent sends 4 or 16 bytes. */
  readonly address: string | null;
  readonly port: number;
  readonly tags: ReadonlyMap<string, string>;
  readonly status: MemberStatus;
}

const STATUSES: readonly MemberStatus[] = ['alive', 'leaving', 'left', 'failed'];

/** The undecoded members in the body of `members` or of a member event. */
export function membersIn(body: Fields): readonly unknown[] {
  return Array.isArray(body.Members) ? body.Members : [];
}

export function readMember(value: unknown): Member {
  const fields = readFields(value);
  const status = readText(fields.Status);
  return {
    name: readText(fields.Name),
    address: readAddress(fields.Addr),
    port: readNumber(fields.Port),
    tags: new Map(Object.entries(readFields(fields.Tags)).map(([name, value]) => [name, readText(value)])),
    status: STATUSES.find((word) => word === status) ?? 'none',
  };
}

/** 4 or 16 raw bytes as a literal address; an IPv4 address inside IPv6 comes out as IPv4. */
function readAddress(value: unknown): string | null {
  const bytes = readBytes(value);
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return null;
  const hex = Buffer.from(bytes).toString('hex');
  return canonicalAddress((hex.match(/.{4}/g) ?? []).join(':'));
}
