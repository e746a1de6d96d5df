/** How this installation is reached and called: its URLs, its command, its systemd unit. */
import { networkInterfaces } from 'node:os';
import { basename, relative } from 'node:path';

/**
 * The URLs at which others reach the panel: where it listens on every address, one for each of the node's own, link-local
 * ones apart. Just `url` where it names an address itself, or where the node has no other address now.
 */
export function reachableUrls(
  url: string,
  host: string,
  interfaces: typeof networkInterfaces = networkInterfaces,
): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [url];
  const others = Object.values(interfaces())
    .flatMap((list = []) => list)
    .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
    .filter(({ family }) => family === 'IPv4' || host === '::')
    .map(({ address, family }) => {
      const reachable = new URL(url);
      reachable.hostname = family === 'IPv6' ? `[${address}]` : address;
      return reachable.href;
    });
  return others.length === 0 ? [url] : others;
}

/** Read once: the folder may be gone later. */
const STARTED_IN = process.cwd();
/** Where the package puts the program. */
const PACKAGED = '/usr/lib/cloudy-services/';

/** The command that runs this very program: the name that a package installs; a clone has only its bundle. */
export function programCommand(script = process.argv[1] ?? '', folder = STARTED_IN): string {
  const isClone = basename(script) === 'cli.mjs' && !script.startsWith(PACKAGED);
  return isClone ? `node ${relative(folder, script)}` : 'cloudy-services';
}

/** The systemd unit that runs the panel; null where no package installed one. */
export function panelUnit(script = process.argv[1] ?? ''): string | null {
  return script.startsWith(PACKAGED) ? 'cloudy-services' : null;
}
