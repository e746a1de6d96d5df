/** A machine whose clocks a test moves. */
import type { Machine } from '../plugin/lib/clock/index.js';

export class FakeMachine implements Machine {
  boot = 'first';
  vouched = false;
  steadfast = false;
  #wall: number;
  #uptime = 20_000;
  #ticks = 0;

  /** @param wall ms since the epoch */
  constructor(wall: number) {
    this.#wall = wall;
  }

  wall(): number {
    return this.#wall;
  }

  uptime(): number {
    return this.#uptime;
  }

  ticks(): number {
    return this.#ticks;
  }

  keepsTime(): boolean {
    return this.steadfast;
  }

  vouches(): boolean {
    return this.vouched;
  }

  pass(ms: number): void {
    this.#ticks += ms;
    this.sleep(ms);
  }

  sleep(ms: number): void {
    this.#uptime += ms;
    this.#wall += ms;
  }

  /** Somebody sets the clock, forward or back. */
  set(by: number): void {
    this.#wall += by;
  }

  /** Ends this boot; the next begins with its clock at `wall`, ms since the epoch. */
  reboot(wall: number): void {
    this.boot += ' and next';
    this.#wall = wall;
    this.#uptime = 20_000;
    this.#ticks = 0;
  }
}
