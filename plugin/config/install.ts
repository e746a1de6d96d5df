/** Where the panel is, for the person who has just started it: under which addresses, and by which command. */
import { networkInterfaces } from 'node:os';
import { basename, relative } from 'node:path';

/**
 * The URLs by which others reach a panel that listens on every address: each of the node's own that is good on more than
 * one link. Just `url` where it names an address itself, or where the node has no other address now.
 */
export function urlsOf(url: string, host: string, interfaces: typeof networkInterfaces = networkInterfaces): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [url];
  const others = Object.values(interfaces())
    .flatMap((list = []) => list)
    .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
    .filter(({ family }) => family === 'IPv4' || host === '::')
    .map(({ address, family }) => {
      const reached = new URL(url);
      reached.hostname = family === 'IPv6' ? `[${address}]` : address;
      return reached.href;
    });
  return others.length === 0 ? [url] : others;
}

/** Asked once: the folder may be gone later. */
const STARTED_IN = process.cwd();
/** Where the package puts the program. */
const PACKAGED = '/usr/lib/cloudy-services/';

/** How this very program is called: by the name that a package gives it; a clone has none, only its bundle. */
export function commandOf(script = process.argv[1] ?? '', folder = STARTED_IN): string {
  const isClone = basename(script) === 'cli.mjs' && !script.startsWith(PACKAGED);
  return isClone ? `node ${relative(folder, script)}` : 'cloudy-services';
}

/** The systemd unit that runs the panel, and under whose name it has its log; null where no package has made one. */
export function unitOf(script = process.argv[1] ?? ''): string | null {
  return script.startsWith(PACKAGED) ? 'cloudy-services' : null;
}
