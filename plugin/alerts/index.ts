/** Tells the owner when something fails that this node relies on; loaded only where that is configured. */
import type { Panel } from '../panel/contract.js';

/**
 * Follows what the panel measures.
 * @param now ms since the epoch
 * @returns stops it, and aborts what is being sent
 */
export async function openAlerts(panel: Panel, now = () => panel.time.now()): Promise<() => Promise<void>> {
  const { notifyUrl, notifyKind } = panel.config;
  if (notifyUrl === null || panel.demo) return () => Promise.resolve();
  const [{ Alerts }, { Post }] = await Promise.all([import('./alerts.js'), import('./post.js')]);
  const { config, services, discovery, local, store } = panel;
  const post = new Post({ url: notifyUrl, kind: notifyKind });
  const alerts = new Alerts({ config, services, discovery, local, store, now }, post);
  const unsubscribe = panel.onMeasured((type, providers) => alerts.check(type, providers));
  return () => {
    unsubscribe();
    return alerts.close();
  };
}
