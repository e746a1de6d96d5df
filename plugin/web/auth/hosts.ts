/**
 * Under which names the panel takes orders. A stranger's page may have its own name lead to this node (DNS rebinding): for
 * the browser it is then of the same origin as the panel, and only the name in `Host` gives it away. Nobody outside can
 * have an address, a name without a dot or one of the local network lead here.
 */
import { isIP, isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import { PanelError } from '../../model/errors.js';

/** The longest name that DNS knows. */
const NAME_CAP = 253;
/** `[v6]`, or a name or IPv4 address with or without the dot at its end; then perhaps a port. */
const HOST = /^(?:\[([\da-f:.]+)\]|([\w-]{1,63}(?:\.[\w-]{1,63})*)\.?)(?::\d{1,5})?$/i;

/**
 * The name under which a request comes where that is not known to be this node's: letters, digits, `-`, `_` and dots, in
 * lower case. Empty where there is no name; null where all is well.
 * @param header `Host` of the request
 * @param names further names of this node (`HOSTS`)
 */
export function strangeName(header: string | undefined, names: readonly string[]): string | null {
  const [, v6, name = ''] = HOST.exec(header?.toLowerCase() ?? '') ?? [];
  if (v6 !== undefined && isIP(v6) === 6) return null;
  if (name.length > NAME_CAP) return '';
  return name !== '' && (!name.includes('.') || isIPv4(name) || ownNames(names).includes(name)) ? null : name;
}

/** Of the same. @throws PanelError unknown-host */
export function assertKnownHost(header: string | undefined, names: readonly string[]): void {
  const name = strangeName(header, names);
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
