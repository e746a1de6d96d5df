/** Which users of this machine are people: a unit that runs as another user belongs to a program, not to the owner. */
import { readFile } from 'node:fs/promises';

/** User ids of people: Debian's range for adduser, without `nobody` and systemd's dynamic users. */
export const FIRST_UID = 1000;
export const LAST_UID = 60_000;

/**
 * Names and ids of the users that are no people. Users of a directory service are not among them: what the panel may do for
 * those, polkit knows.
 * @param text as in /etc/passwd
 */
export function systemUsers(text: string): ReadonlySet<string> {
  const users = text.split('\n').map((line) => line.split(':'));
  const others = users.filter(
    ([, , id = '']) => /^\d+$/.test(id) && !(Number(id) >= FIRST_UID && Number(id) <= LAST_UID),
  );
  return new Set(others.flatMap(([name = '', , id = '']) => [name, id]));
}

/** Those of this machine; none where they cannot be read. */
export async function readSystemUsers(file = '/etc/passwd'): Promise<ReadonlySet<string>> {
  return systemUsers(await readFile(file, 'utf8').catch(() => ''));
}
