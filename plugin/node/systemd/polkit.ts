/** The package's polkit rule: what the panel's user may do to systemd units. Generated when the package is built. */
import type { UnitCandidate } from '../../services/contract.js';
import { isTemplate, unitPattern } from './units.js';
import { FIRST_UID, LAST_UID } from './users.js';

/** A template given by name alone counts as one whose instance is a user. */
type Candidate = string | Pick<UnitCandidate, 'unit' | 'instance'>;

/** Whether it is a template whose instances are users. */
export const isPersonal = ({ unit, instance = 'user' }: Exclude<Candidate, string>) =>
  isTemplate(unit) && instance === 'user';

/**
 * Lets the panel's user start, stop, enable and disable exactly the given units, and every instance of a template; where
 * the instance is a user, only people's: a service run as `www-data` would expose that program's files.
 * @param candidates such as `named.service`
 * @throws Error for what is not the name of a service unit
 */
export function polkitRule(candidates: readonly Candidate[]): string {
  const units = candidates.map((candidate) => (typeof candidate === 'string' ? { unit: candidate } : candidate));
  const invalid = units.find(({ unit }) => !/^[A-Za-z0-9_.-]+@?\.service$/.test(unit));
  if (invalid !== undefined) throw new Error(`${invalid.unit} is not the name of a service unit`);
  const plain = units.filter((candidate) => !isPersonal(candidate)).map(({ unit }) => unit);
  const personal = units.filter(isPersonal).map(({ unit }) => unit);
  return `// What the panel's user may do to systemd units: made from the panel's service types, so that it follows them.
polkit.addRule(function (action, subject) {
  if (action.id !== "org.freedesktop.systemd1.manage-units" || subject.user !== "cloudy-services") return undefined;
  var unit = action.lookup("unit") || "";
  var verb = action.lookup("verb");
  // The helpers that enable and disable: their instance is the escaped name of the unit, as systemd-escape writes it.
  var helper = /^cloudy-services-(?:enable|disable)@([A-Za-z0-9_.:\\\\]+)\\.service$/.exec(unit);
  if (helper !== null && verb === "start")
    unit = helper[1].replace(/\\\\x([0-9a-f]{2})/g, function (_, code) { return String.fromCharCode(parseInt(code, 16)); });
  else if (verb !== "start" && verb !== "stop") return undefined;
  if (${pattern(plain)}.test(unit)) return polkit.Result.YES;
  if (!${pattern(personal)}.test(unit)) return undefined;
  // The instance is a user, by name or number: a person's, by the system's own list; whoever is not on it is none.
  try {
    var user = unit.slice(unit.indexOf("@") + 1, -".service".length);
    var uid = Number(polkit.spawn(["/usr/bin/getent", "passwd", user]).split(":")[2]);
    return uid >= ${FIRST_UID} && uid <= ${LAST_UID} ? polkit.Result.YES : undefined;
  } catch (error) {
    return undefined;
  }
});
`;
}

/** Matches nothing where there are no units. */
const pattern = (units: readonly string[]) =>
  `/^(?:${[...new Set(units)].sort().map(unitPattern).join('|') || '(?!)'})$/`;
