/** When measuring in the background may happen and what it may cost: the owner's choice, within what the configuration allows. */
import { PanelError } from '../../model/errors.js';
import type { SettingStore } from '../../store/tables/settings.js';
import { BACKGROUND_SHARE } from '../budget.js';
import { type Hours, USUAL_HOURS } from '../plan.js';

export interface Choice {
  readonly hours: Hours;
  /** In 24 hours; null = as many as the configuration allows. */
  readonly bytes: number | null;
}

const SETTING = 'background-terms';
/** Bytes, which pages round to: hundredths of a megabyte. */
const SHOWN = 10_000;

const USUAL: Choice = { hours: USUAL_HOURS, bytes: null };

export class Terms {
  readonly #settings: SettingStore;
  readonly #bytesPerDay: number;
  #choice: Choice;

  /** @param bytesPerDay of all probes, as configured */
  constructor(settings: SettingStore, bytesPerDay: number) {
    this.#settings = settings;
    this.#bytesPerDay = bytesPerDay;
    this.#choice = readChoice(settings.get(SETTING)) ?? USUAL;
  }

  get hours(): Hours {
    return this.#choice.hours;
  }

  /** Bytes that may be chosen at most: what the configuration leaves to background probes. */
  get limit(): number {
    return Math.floor(this.#bytesPerDay * BACKGROUND_SHARE);
  }

  /** Bytes in 24 hours. A choice above the limit, which the configuration may have lowered since, counts as the limit. */
  get bytes(): number {
    return Math.min(this.#choice.bytes ?? this.limit, this.limit);
  }

  /** The same, of the bytes of all probes. */
  get share(): number {
    return this.#bytesPerDay === 0 ? 0 : this.bytes / this.#bytesPerDay;
  }

  /** Bytes that were chosen; null = as many as may be. */
  get chosenBytes(): number | null {
    return this.#choice.bytes;
  }

  /**
   * Counts from now on, and after a restart.
   * @throws PanelError bad-request for what is not a choice; disk-full, disk-unwritable where it cannot be stored
   */
  choose(choice: Choice): void {
    assertHours(choice.hours);
    this.#assertBytes(choice.bytes);
    this.#settings.keep(SETTING, JSON.stringify(choice));
    this.#choice = choice;
  }

  #assertBytes(bytes: number | null): void {
    // The limit as it is shown, rounded, may be typed.
    if (bytes === null || (bytes > 0 && bytes <= Math.ceil(this.limit / SHOWN) * SHOWN)) return;
    const hint = `Send more than 0 and at most ${this.limit / 1e6} megabytes: half of SCAN_BYTES_PER_DAY.`;
    throw new PanelError('bad-request', 'This budget is outside of what the configuration allows.', hint);
  }
}

function assertHours({ from, to }: Hours): void {
  if (areHours({ from, to })) return;
  const hint = 'Send from=0..23 and to=1..24, which differ; from=0 and to=24 is the whole day.';
  throw new PanelError('bad-request', 'These are not two different hours.', hint);
}

const isHour = (value: unknown, low: number, high: number) =>
  Number.isInteger(value) && Number(value) >= low && Number(value) <= high;

/** Whether they are whole hours of a day with time between them. */
const areHours = ({ from, to }: { readonly from?: unknown; readonly to?: unknown }) =>
  isHour(from, 0, 23) && isHour(to, 1, 24) && from !== to;

/** Null for a text that no `choose` has written: a setting by hand must not stop the panel. */
function readChoice(text: string | null): Choice | null {
  try {
    const { hours, bytes } = JSON.parse(text ?? '{}') as Partial<Choice>;
    const isAmount = bytes === null || (typeof bytes === 'number' && bytes >= 0);
    return hours && isAmount && areHours(hours) ? { hours: { from: hours.from, to: hours.to }, bytes } : null;
  } catch {
    return null;
  }
}
