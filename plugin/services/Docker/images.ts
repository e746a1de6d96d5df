/** Which program an announcement means: Cloudy announces a container as `<image>_<container>`. */

/** What this type can ask a program in its own words. */
export type Program = 'cloud' | 'etherpad' | 'registry' | 'tracker' | 'mqtt' | 'postgresql' | 'redis';

/** Words of an image's name, as in `alpine-etherpad-sqlite`. */
const WORDS: Readonly<Record<Program, readonly string[]>> = {
  cloud: ['nextcloud', 'owncloud'],
  etherpad: ['etherpad'],
  registry: ['registry'],
  tracker: ['tracker', 'opentracker'],
  mqtt: ['mosquitto', 'mqtt', 'emqx', 'vernemq'],
  postgresql: ['postgres', 'postgresql', 'postgis', 'timescaledb'],
  redis: ['redis', 'valkey'],
};
const PROGRAMS = new Map(
  Object.entries(WORDS).flatMap(([program, words]) => words.map((word) => [word, program as Program])),
);

/** `registry.example/owner/name:tag`, perhaps with a digest. */
const IMAGE = /^[\w.:@/-]{1,200}$/;

/**
 * The program of the image that is named first; null where nothing tells. It is what a stranger says, and a port may be
 * another of the container's: what does not answer accordingly is something else, and has not failed.
 * @param description as announced, with spaces for the `_` of the wire
 */
export function toProgram(description: string): Program | null {
  const [image = ''] = description.split(' ', 1);
  if (!IMAGE.test(image)) return null;
  const name = image.toLowerCase().split('/').at(-1)?.split(/[:@]/, 1)[0] ?? '';
  const known = name.split(/[.-]/).find((word) => PROGRAMS.has(word));
  return (known !== undefined && PROGRAMS.get(known)) || null;
}
