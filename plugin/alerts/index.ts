/** Tells the owner when something fails that this node relies on; loaded only where that is configured. */
import type { Config } from '../config/index.js';
import type { Panel } from '../panel/contract.js';
import type { Words } from '../present/i18n.js';
import type { Alert } from './post.js';

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

/** Where alerts go, without what is secret in the address; null where nobody is told. */
export function alertServer({ notifyUrl, notifyKind }: Pick<Config, 'notifyUrl' | 'notifyKind'>) {
  return notifyUrl === null ? null : { kind: notifyKind, host: new URL(notifyUrl).host };
}

/**
 * Sends one alert that says it is a test.
 * @param now ms since the epoch
 * @returns null once it has arrived, else why not; `off` where no address is configured
 */
export async function testAlert({ config }: Pick<Panel, 'config'>, { t }: Words, now: number): Promise<string | null> {
  const { notifyUrl, notifyKind } = config;
  if (notifyUrl === null) return 'off';
  const { Post } = await import('./post.js');
  const about = { type: '', own: false, reason: null, misses: 0, provider: null };
  const text: Pick<Alert, 'text' | 'service'> = { text: t('alert.test'), service: t('app.name') };
  return new Post({ url: notifyUrl, kind: notifyKind }).test({
    event: 'test',
    ...text,
    ...about,
    at: new Date(now).toISOString(),
  });
}
