/** Address and port as text that may go into a link or a command: built from checked parts only, never from a stranger's words. */
import { isIP } from 'node:net';
import { joinHostPort } from './address.js';

/** `10.1.2.3:53` or `[fd00::1]:53`; null where the announcement has no port, for then there is nothing to reach. */
export function endpoint({ address, port }: { readonly address: string; readonly port: number | null }): string | null {
  return port === null || isIP(address) === 0 ? null : joinHostPort(address, port);
}
