/** Stores who announces what since when, so that the next run of the panel still knows who was here first. */
import type { Discovery } from '../discovery/index.js';
import { log } from '../lib/log.js';
import type { AnnouncerStore } from '../store/tables/announcers.js';

/** Between two writes: members come and go, and a node's disk is often a memory card. */
const PAUSE_MS = 60_000;

/** @returns stops it, after a last write where one is due */
export function rememberAnnouncers(
  discovery: Pick<Discovery, 'dated' | 'onChange'>,
  announcers: Pick<AnnouncerStore, 'note'>,
  now: () => number,
): () => void {
  let timer: NodeJS.Timeout | null = null;
  let isDue = true;
  const write = () => {
    isDue = false;
    try {
      announcers.note(discovery.dated(), now());
    } catch (error) {
      log.error(error);
    }
  };
  const onChange = () => {
    isDue = true;
    if (timer !== null) return;
    write();
    timer = setTimeout(() => {
      timer = null;
      if (isDue) onChange();
    }, PAUSE_MS);
    timer.unref();
  };
  const unsubscribe = discovery.onChange(onChange);
  return () => {
    unsubscribe();
    if (timer !== null) clearTimeout(timer);
    if (isDue) write();
  };
}
