/** Hostile announcements on their way to a node as packets of multicast DNS. */
import { type Answer, decode, encode } from 'dns-packet';
import { bytesOf, hostileText, pick, type Random } from './hostile.js';
import type { Tally } from './hostile-wire.js';

/** A packet of the local network, and who sends it. */
export interface Sent {
  readonly bytes: Buffer;
  readonly sender: string;
}

/** Caps of one link: services of all and of one sender. */
const LINK_CAP = 512;
const SENDER_CAP = 64;
const WORDS = ['syncthing', 'dnsservice', 'proxy3', 'DNSservice', 'webdav', 'constructor', 'x-y_z', '0'];

/** Services as they are announced on one link by so many neighbours, whose addresses begin with `network`. */
export function hostilePackets(
  random: Random,
  count: number,
  network: string,
  tally: Tally,
  next: () => number,
): Sent[] {
  const bySender = new Map<string, number>();
  let room = LINK_CAP;
  return Array.from({ length: count }, () => {
    const sender = `${network}.${2 + random(10)}`;
    const { bytes, problem, key } = packetOf(random, next());
    if (random(15) === 0) return { bytes: spoilPacket(random, bytes, tally), sender };
    const held = bySender.get(sender) ?? 0;
    const isRoom = held < SENDER_CAP && room > 0;
    if (isRoom) {
      bySender.set(sender, held + 1);
      room--;
    }
    tally.add(isRoom ? problem : 'too-many', key);
    return { bytes, sender };
  });
}

function packetOf(random: Random, nth: number) {
  const word = pick(random, WORDS);
  const type = `_${word}._${pick(random, ['tcp', 'udp'])}.local`;
  const [label, host] = [labelOf(random, nth), labelOf(random, nth)];
  const usable = random(10) > 0;
  const address = usable
    ? `10.${100 + (nth >> 16)}.${(nth >> 8) & 255}.${nth & 255}`
    : pick(random, ['127.0.0.1', '0.0.0.0', '224.0.0.1']);
  const port = random(10) > 0 ? 1 + random(65_535) : 0;
  const txt = Array.from({ length: random(40) }, () => bytesOf(hostileText(random, 90)).subarray(0, 255));
  const [instance, target] = [`${label.stand}.${type}`, `${host.stand}.local`];
  const answers: Answer[] = [
    { type: 'PTR', name: '_services._dns-sd._udp.local', ttl: 4500, data: type },
    { type: 'PTR', name: type, ttl: 4500, data: instance },
    { type: 'SRV', name: instance, ttl: 4500, data: { target, port } },
    { type: 'TXT', name: instance, ttl: 4500, data: txt },
    { type: 'A', name: target, ttl: 4500, data: address },
  ];
  const written = encode({ type: 'response', answers }).toString('latin1');
  const bytes = written.replaceAll(label.stand, () => label.raw).replaceAll(host.stand, () => host.raw);
  const problem = !usable ? 'bad-address' : port === 0 ? 'bad-port' : null;
  const read = word === 'DNSservice' ? 'dnsservice' : word;
  return { bytes: Buffer.from(bytes, 'latin1'), problem, key: `${read}|${address}|${port}` };
}

/** A name's first part as raw bytes, unlike any other, and letters of the same length that stand for it meanwhile. */
function labelOf(random: Random, nth: number): { readonly stand: string; readonly raw: string } {
  const own = `${nth}x${random(1_000_000)}`;
  const text = bytesOf(`${own} ${hostileText(random, 30)}`).subarray(0, 63);
  return { stand: own.padEnd(text.length, 'q'), raw: text.toString('latin1') };
}

/** Cut short or with bytes of another meaning; what can be read of it all the same is no service. */
function spoilPacket(random: Random, bytes: Buffer, tally: Tally): Buffer {
  const cut = Buffer.from(bytes.subarray(0, 13 + random(30)));
  try {
    decode(cut);
  } catch {
    tally.add('malformed');
  }
  return cut;
}
