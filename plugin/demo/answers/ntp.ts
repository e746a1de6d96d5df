/** A time server's answer (NTP, RFC 5905, figure 8), with this machine's own time. */

const LENGTH = 48;
const CLIENT = 3;
/** Version 4, server; in the two highest bits, that its clock was never set. */
const SERVER = 0x24;
const NOT_SET = 0xc0;
const STRATUM = { set: 2, never: 16 } as const;
/** Delay and dispersion to its reference, in units of 1/65,536 s: 8 and 4 ms. */
const [DELAY, DISPERSION] = [524, 262];
/** Seconds from 1900 to 1970. */
const EPOCH_S = 2_208_988_800;

/** The answer; null for what is no question. @param now ms since the epoch */
export function answerTime(question: Buffer, isSet: boolean, now: number): Buffer | null {
  const first = question[0] ?? 0;
  if (question.length < LENGTH || (first & 7) !== CLIENT) return null;
  const answer = Buffer.alloc(LENGTH);
  answer[0] = isSet ? SERVER : SERVER | NOT_SET;
  answer[1] = isSet ? STRATUM.set : STRATUM.never;
  answer.writeUInt32BE(DELAY, 4);
  answer.writeUInt32BE(DISPERSION, 8);
  // What it was asked with comes back, so that the asker knows its own question.
  question.copy(answer, 24, 40, 48);
  for (const at of [16, 32, 40]) writeTime(answer, at, now);
  return answer;
}

function writeTime(answer: Buffer, at: number, now: number): void {
  answer.writeUInt32BE(Math.floor(now / 1_000) + EPOCH_S, at);
  answer.writeUInt32BE(Math.floor(((now % 1_000) / 1_000) * 2 ** 32), at + 4);
}
