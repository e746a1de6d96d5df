/** How busy this machine is while something is measured, and by whose work. */
import { readFileSync } from 'node:fs';

/** The kernel counts processor time in hundredths of a second (`getconf CLK_TCK`). */
export const TICK_MS = 10;

export interface Busy {
  /** Share of the processor time of all cores that was used, 0 to 1. */
  readonly all: number;
  /** The part of it that neither this process used nor what it started and saw end. */
  readonly others: number;
}

/** Begins to watch; the returned function tells how busy it was from then until now. */
export function watchMachine(): () => Busy {
  const before = ticks();
  return () => {
    const now = ticks();
    const total = Math.max(1, now.total - before.total);
    const all = (now.busy - before.busy) / total;
    return { all, others: Math.max(0, all - (now.own - before.own) / total) };
  };
}

function ticks(): { readonly total: number; readonly busy: number; readonly own: number } {
  // user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in these already.
  const machine = (/^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '')
    .split(' ')
    .map(Number)
    .slice(0, 8);
  const total = machine.reduce((sum, part) => sum + part, 0);
  return { total, busy: total - (machine[3] ?? 0) - (machine[4] ?? 0), own: cpuTicks('self') };
}

/** Processor time that a process and those of its children that have ended used, in ticks. */
export function cpuTicks(pid: number | 'self'): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}
