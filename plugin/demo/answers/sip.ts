/** A telephone exchange's answer to a question about what it can do (SIP, RFC 3261, section 11). */

/** Headers that an answer repeats (section 8.2.6). */
const REPEATED = /^(?:Via|From|To|Call-ID|CSeq):/i;

/** The answer; null for anything but that question. */
export function answerOptions(question: Buffer, isInOrder: boolean, software: string): Buffer | null {
  const [request = '', ...headers] = question.toString('latin1').split('\r\n');
  if (!/^OPTIONS sip:\S+ SIP\/2\.0$/.test(request)) return null;
  const lines = [
    `SIP/2.0 ${isInOrder ? '200 OK' : '503 Service Unavailable'}`,
    ...headers.filter((line) => REPEATED.test(line)).map((line) => (/^To:/i.test(line) ? `${line};tag=demo` : line)),
    `Server: ${software}`,
    'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REGISTER',
    'Content-Length: 0',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
