/**
 * The polkit rule that lets the panel's user start, stop, enable and disable exactly the given systemd units.
 * By itself it prints the rule for the units named on its command line.
 */
import { pathToFileURL } from 'node:url';

/**
 * What a template's instance may be called. Not root: a service that runs as the user it is named for, and that any
 * neighbour on this machine can talk to, would hand out root's files.
 */
const INSTANCE = '(?!(?:root|0+)\\.)[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}';

/** @param {readonly string[]} units such as `named.service`; of `syncthing@.service` every instance is meant */
export function polkitRule(units) {
  const names = [...new Set(units)].sort().map((unit) => {
    if (!/^[A-Za-z0-9_.-]+@?\.service$/.test(unit)) throw new Error(`${unit} is not the name of a service unit`);
    return unit.replaceAll('.', '\\.').replace('@\\.', `@${INSTANCE}\\.`);
  });
  return `// What the panel's user may do to systemd units: made from the panel's service types, so that it follows them.
polkit.addRule(function (action, subject) {
  if (action.id !== "org.freedesktop.systemd1.manage-units" || subject.user !== "cloudy-services") return undefined;
  var units = /^(?:${names.join('|')})$/;
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

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.write(polkitRule(process.argv.slice(2)));
}
