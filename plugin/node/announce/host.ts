/** The name under which this node's Cloudy announces its services: `NODE.CLOUD.local`. */
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Shell files that Cloudy's own announcer sources, in this order: the last one to set a value counts. */
const SETTINGS = [
  '/etc/getinconf-client.conf',
  '/etc/cloudy/cloudy.conf',
  '/etc/avahi-ps.conf',
  '/etc/avahi-ps-serf.conf',
] as const;
/** A Cloudy has at least one of these. */
const SIGNS = [
  '/etc/cloudy/cloudy.conf',
  '/etc/avahi-ps.conf',
  '/etc/avahi-ps-serf.conf',
  '/usr/sbin/avahi-ps',
] as const;

export interface HostFiles {
  readonly settings: readonly string[];
  readonly signs: readonly string[];
}

export const HOST_FILES: HostFiles = { settings: SETTINGS, signs: SIGNS };

/** The community's domain where no file sets it. */
const DEFAULT_CLOUD = 'guifi';
/** Bytes read of a settings file. */
const MAX_FILE = 64 * 1024;
/** Octets of a name in DNS. */
const MAX_NAME = 253;
/** `_` is not valid in a host name, but some machines have it, and Cloudy announces them so. */
const NAME = /^(?:\w(?:[\w-]{0,61}\w)?\.)*\w(?:[\w-]{0,61}\w)?$/;
/** An assignment whose value can be read without a shell; a comment or another command may follow. */
const ASSIGNMENT =
  /^\s*(?:export\s+)?(CLOUD_NAME|NODENAME)=(?:"([^"$`\\]*)"|'([^']*)'|([^\s"'$`\\;#&|<>()]*))(?:\s*(?:[;#].*)?)$/;

/** This node's host name as neighbours see it; the plain one where there is no Cloudy. */
export function announcedHost({ settings, signs }: HostFiles = HOST_FILES, node: string = hostname()): string {
  if (!signs.some((file) => existsSync(file))) return node;
  const values = new Map(settings.flatMap(readAssignments));
  const name = `${values.get('NODENAME') ?? node}.${values.get('CLOUD_NAME') ?? DEFAULT_CLOUD}.local`;
  return name.length <= MAX_NAME && NAME.test(name) ? name : node;
}

/** Whether a Cloudy announces under the name, which avahi-daemon does not do by itself. */
export const isCloudyHost = (name: string) => NAME.test(name) && /\..+\.local$/i.test(name);

/** The values that the file sets, read as text, never run. An unreadable file sets none. */
function readAssignments(file: string): [string, string][] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').slice(0, MAX_FILE);
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line): [string, string][] => {
    const [, key, double, single, bare] = ASSIGNMENT.exec(line.replace(/\r$/, '')) ?? [];
    const value = double ?? single ?? bare ?? '';
    return key !== undefined && NAME.test(value) ? [[key, value]] : [];
  });
}
