/** Writes down who announces what since when, so that the next run of the panel still knows who was here first. */
import type { Discovery } from '../discovery/index.js';
import { log } from '../lib/log.js';
import type { AnnouncerStore } from '../store/tables/announcers.js';

/** Between two writings, ms: members come and go, and a node's disk is often a memory card. */
const PAUSE_MS = 60_000;

/** @returns ends it, with what was not written yet */
export function rememberAnnouncers(
  discovery: Pick<Discovery, 'dated' | 'onChange'>,
  announcers: Pick<AnnouncerStore, 'note'>,
  now: () => number,
): () => void {
  let timer: NodeJS.Timeout | null = null;
  let owed = true;
  const write = () => {
    owed = false;
    try {
      announcers.note(discovery.dated(), now());
    } catch (error) {
      log.error(error);
    }
  };
  const changed = () => {
    owed = true;
    if (timer !== null) return;
    write();
    timer = setTimeout(() => {
      timer = null;
      if (owed) changed();
    }, PAUSE_MS);
    timer.unref();
  };
  const forget = discovery.onChange(changed);
  return () => {
    forget();
    if (timer !== null) clearTimeout(timer);
    if (owed) write();
  };
}
