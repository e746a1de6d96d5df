/** The name under which this node's Cloudy announces its services: `NODE.CLOUD.local`. */
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Shell files that Cloudy's own announcer sources, in that order: the last one to set a value counts. */
const SETTINGS = [
  '/etc/getinconf-client.conf',
  '/etc/cloudy/cloudy.conf',
  '/etc/avahi-ps.conf',
  '/etc/avahi-ps-serf.conf',
] as const;
/** One of these is there where there is a Cloudy. */
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

/** The community's domain where no file says another. */
const STANDARD_CLOUD = 'guifi';
/** Bytes of a settings file that are read. */
const FILE_CAP = 64 * 1024;
/** Octets of a name in DNS. */
const NAME_CAP = 253;
/** `_` is no letter of a host name, but some machines have it, and Cloudy announces them so. */
const NAME = /^(?:\w(?:[\w-]{0,61}\w)?\.)*\w(?:[\w-]{0,61}\w)?$/;
/** An assignment whose value needs no shell to be known; what stands behind it is a comment or another command. */
const ASSIGNMENT =
  /^\s*(?:export\s+)?(CLOUD_NAME|NODENAME)=(?:"([^"$`\\]*)"|'([^']*)'|([^\s"'$`\\;#&|<>()]*))(?:\s*(?:[;#].*)?)$/;

/** What neighbours see as this node's host name; the plain one where there is no Cloudy. */
export function announcedHost({ settings, signs }: HostFiles = HOST_FILES, node: string = hostname()): string {
  if (!signs.some((file) => existsSync(file))) return node;
  const values = new Map(settings.flatMap(assignmentsIn));
  const name = `${values.get('NODENAME') ?? node}.${values.get('CLOUD_NAME') ?? STANDARD_CLOUD}.local`;
  return name.length <= NAME_CAP && NAME.test(name) ? name : node;
}

/** Whether the name is one of a Cloudy, which avahi-daemon does not announce by itself. */
export const isCloudyHost = (name: string) => NAME.test(name) && /\..+\.local$/i.test(name);

/** The values that it sets, read as text: nothing of it is ever run. A file that cannot be read sets none. */
function assignmentsIn(file: string): [string, string][] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').slice(0, FILE_CAP);
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line): [string, string][] => {
    const [, key, double, single, bare] = ASSIGNMENT.exec(line.replace(/\r$/, '')) ?? [];
    const value = double ?? single ?? bare ?? '';
    return key !== undefined && NAME.test(value) ? [[key, value]] : [];
  });
}
