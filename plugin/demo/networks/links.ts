/** Members of communities that announce services as links. */
import type { Member } from '../community.js';

export interface LinkedMember extends Member {
  readonly port: number;
  /** As it is announced, with its port. */
  readonly link: string;
  /** The name in the link. */
  readonly host: string;
}

/** A member, of its place in words: `node, type, behaviour`. */
export function linked(
  [node, type, behaves]: readonly [string, Member['type'], Member['behaves']],
  link: string,
  description: string,
): LinkedMember {
  const { groups } = /^[a-z]+:\/\/(?<host>[\w.-]+):(?<port>\d+)/.exec(link) ?? {};
  const { host = '', port } = groups ?? {};
  return { node, type, behaves, description, link, host, port: Number(port) };
}
