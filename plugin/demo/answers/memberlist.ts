/** The answer of a Serf agent to a memberlist ping (hashicorp/memberlist, net.go: pingMsg and ackResp). */
import { decode, encode } from '@msgpack/msgpack';

const PING = 0;
const ACK = 2;
/** Version byte that Serf's ping delegate puts before the coordinate. */
const PAYLOAD_VERSION = 1;
const COORDINATE = { Adjustment: 0, Error: 0.2, Height: 0.0001, Vec: [0.004, 0.001, 0, 0, 0, 0, 0, 0] };

/** The acknowledgement; null for what is not a ping, and for a ping meant for a member of another name. */
export function answerPing(datagram: Buffer, name: string): Buffer | null {
  if (datagram[0] !== PING) return null;
  const ping = decodeMap(datagram.subarray(1));
  if (ping === null || !Number.isInteger(ping.SeqNo)) return null;
  if (ping.Node && ping.Node !== name) return null;
  const coordinate = encode(COORDINATE, { forceIntegerToFloat: true });
  const payload = Buffer.from([PAYLOAD_VERSION, ...coordinate]);
  return Buffer.concat([
    Buffer.from([ACK, 0x82]),
    encode('Payload'),
    // Old MsgPack, as Go's agents write it: bytes are "raw", with the header of a string.
    Buffer.from([0xda, payload.length >> 8, payload.length & 0xff]),
    payload,
    encode('SeqNo'),
    encode(ping.SeqNo),
  ]);
}

function decodeMap(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value = decode(bytes);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
