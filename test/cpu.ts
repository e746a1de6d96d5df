/** What work costs this process, whatever else the machine does meanwhile. */

/** Processor time so far, ms. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
