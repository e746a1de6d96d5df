/** Tells the owner when what this node relies on fails; loaded only where somebody wants to be told. */
import type { Panel } from '../panel/contract.js';

/**
 * Follows what the panel measures.
 * @param now ms since the epoch
 * @returns the way to end it, which gives up what is being sent
 */
export async function openAlerts(panel: Panel, now: () => number = Date.now): Promise<() => Promise<void>> {
  const { notifyUrl, notifyKind } = panel.config;
  if (notifyUrl === null || panel.demo) return () => Promise.resolve();
  const [{ Alerts }, { Post }] = await Promise.all([import('./alerts.js'), import('./post.js')]);
  const alerts = new Alerts({ ...roomsOf(panel), now }, new Post({ url: notifyUrl, kind: notifyKind }));
  const forget = panel.onMeasured((type, providers) => alerts.look(type, providers));
  return () => {
    forget();
    return alerts.close();
  };
}

const roomsOf = ({ config, services, discovery, local, store }: Panel) => ({
  config,
  services,
  discovery,
  local,
  store,
});
