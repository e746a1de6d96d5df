/** The polkit rule of the package: what the panel's user may do to systemd units. Made when the package is built. */
import { unitPattern } from './units.js';

/**
 * Lets the panel's user start, stop, enable and disable exactly the given units.
 * @param units such as `named.service`; of `syncthing@.service` every instance is meant
 * @throws Error for what is not the name of a service unit
 */
export function polkitRule(units: readonly string[]): string {
  const patterns = [...new Set(units)].sort().map((unit) => {
    if (!/^[A-Za-z0-9_.-]+@?\.service$/.test(unit)) throw new Error(`${unit} is not the name of a service unit`);
    return unitPattern(unit);
  });
  return `// What the panel's user may do to systemd units: made from the panel's service types, so that it follows them.
polkit.addRule(function (action, subject) {
  if (action.id !== "org.freedesktop.systemd1.manage-units" || subject.user !== "cloudy-services") return undefined;
  var units = /^(?:${patterns.join('|')})$/;
  var unit = action.lookup("unit") || "";
  var verb = action.lookup("verb");
  if ((verb === "start" || verb === "stop") && units.test(unit)) return polkit.Result.YES;
  // The helpers that enable and disable: their instance is the escaped name of the unit, as systemd-escape writes it.
  var helper = /^cloudy-services-(?:enable|disable)@([A-Za-z0-9_.:\\\\]+)\\.service$/.exec(unit);
  if (verb !== "start" || helper === null) return undefined;
  var name = helper[1].replace(/\\\\x([0-9a-f]{2})/g, function (_, code) { return String.fromCharCode(parseInt(code, 16)); });
  return units.test(name) ? polkit.Result.YES : undefined;
});
`;
}
