/** What the machine says of its clocks. */
import { existsSync, readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { DAY_MS, HOUR_MS } from '../time.js';

export interface Machine {
  /** Wall clock, ms since the epoch: somebody may set it at any time. */
  wall(): number;
  /** ms, with the time of sleep and without any step: since the machine started. */
  uptime(): number;
  /** ms, without any step: since this process started. Cheap. */
  ticks(): number;
  /** Differs from one start of the machine to the next; empty where that cannot be told. */
  readonly boot: string;
  /** Whether the wall clock was right before anybody set it: a time server or a battery saw to that. */
  keepsTime(): boolean;
  /** Whether the wall clock is right although nobody was seen setting it. */
  vouches(): boolean;
}

/** Where systemd-timesyncd says that it has set the clock: https://www.freedesktop.org/software/systemd/man/systemd-timesyncd.html */
const SYNCHRONIZED = '/run/systemd/timesync/synchronized';
/** `1` where the kernel has set the clock from a battery-backed one. */
const FROM_BATTERY = '/sys/class/rtc/rtc0/hctosys';

/** How long a clock that nobody corrects is doubted, ms: time servers are reached within minutes, or not at all. */
const DOUBTED_MS = { withBattery: HOUR_MS, without: DAY_MS };

const isSynchronized = () => existsSync(SYNCHRONIZED);
const hasBattery = () => readLine(FROM_BATTERY) === '1';

export const machine: Machine = {
  wall: () => Date.now(),
  uptime: () => uptime() * 1000,
  ticks: () => performance.now(),
  boot: readLine('/proc/sys/kernel/random/boot_id'),
  keepsTime: () => isSynchronized() || hasBattery(),
  vouches: () => isSynchronized() || machine.uptime() >= (hasBattery() ? DOUBTED_MS.withBattery : DOUBTED_MS.without),
};

/** Empty where there is no such file. */
function readLine(file: string): string {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return '';
  }
}
