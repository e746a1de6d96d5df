/**
 * The host names under which the panel takes orders. A stranger can point a name at this node (DNS rebinding): the browser
 * then treats the stranger's page as the same origin, and only `Host` gives it away. An address, a name without a dot and a
 * name of the local network cannot be pointed here from outside.
 */
import { isIP, isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import { PanelError } from '../../model/errors.js';

/** The longest name of DNS, characters. */
const NAME_CAP = 253;
/** `[v6]`, or a name or IPv4 address, with or without a final dot; then an optional port. */
const HOST = /^(?:\[([\da-f:.]+)\]|([\w-]{1,63}(?:\.[\w-]{1,63})*)\.?)(?::\d{1,5})?$/i;

/**
 * The requested host where it is not known as this node's, in lower case: letters, digits, `-`, `_` and dots.
 * @returns empty where the header has no name; null for a known host
 * @param header `Host` of the request
 * @param names further names of this node (`HOSTS`)
 */
export function unknownHost(header: string | undefined, names: readonly string[]): string | null {
  const [, v6, name = ''] = HOST.exec(header?.toLowerCase() ?? '') ?? [];
  if (v6 !== undefined && isIP(v6) === 6) return null;
  if (name.length > NAME_CAP) return '';
  return name !== '' && (!name.includes('.') || isIPv4(name) || ownNames(names).includes(name)) ? null : name;
}

/** @throws PanelError unknown-host */
export function assertKnownHost(header: string | undefined, names: readonly string[]): void {
  const name = unknownHost(header, names);
  if (name === null) return;
  throw new PanelError(
    'unknown-host',
    name === '' ? 'The request names no host.' : `The panel does not know itself by the name ${name}.`,
    `If that is a name of this node, set HOSTS=${name || 'the.name'} in its configuration and start the panel again.`,
  );
}

/** mDNS announces the first label of the host name (RFC 6762, 3). */
function ownNames(names: readonly string[]): string[] {
  return [`${hostname().split('.', 1)[0]}.local`, ...names].map((name) => name.toLowerCase());
}
