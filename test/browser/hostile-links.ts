/** A machine with links, and datagram sockets without a network behind them: both stand in for the system's own. */
import { EventEmitter } from 'node:events';
import type { NetworkInterfaceInfo } from 'node:os';

/** Links of a machine that has them, with a neighbourhood each. */
export const links = (): Record<string, [NetworkInterfaceInfo]> =>
  Object.fromEntries(
    Array.from({ length: 3 }, (_, at): [string, [NetworkInterfaceInfo]] => [
      `wlan${at}`,
      [
        {
          ...{ address: `10.200.${at}.1`, netmask: '255.255.255.0', cidr: `10.200.${at}.1/24` },
          ...{ family: 'IPv4', mac: '02:00:00:00:00:01', internal: false },
        },
      ],
    ]),
  );

/** A datagram socket without a network behind it: `emit('message', bytes, sender)` is what comes in. */
export class Datagrams extends EventEmitter {
  /** Those that are open, by the address of their interface. */
  static readonly open = new Map<string, Datagrams>();

  bind(_port: number, _address: string, bound: () => void): void {
    setImmediate(bound);
  }

  close(done: () => void): void {
    setImmediate(done);
  }

  addMembership(_group: string, address: string): void {
    Datagrams.open.set(address, this);
  }

  addSourceSpecificMembership(): void {}
  setMulticastInterface(): void {}
  setMulticastTTL(): void {}
  send(): void {}
}
