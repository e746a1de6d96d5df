/** A name server's answers as guifi.net's bind gives them, as a plain resolver gives them, and as a hijacker does. */
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Question,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
} from 'dns-packet';

export type Kind = 'guifi' | 'generic' | 'hijacker';

interface Said {
  /** 0 no error, 3 no such name. */
  readonly rcode: 0 | 3;
  readonly authoritative?: boolean;
  readonly answers?: Answer[];
  readonly authorities?: Answer[];
}

const GUIFI_ZONES = ['ip.guifi.net', '10.in-addr.arpa', '172.in-addr.arpa'];
const NO_SUCH_NAME = 3;
/** Where the demo's Internet lives. */
const SOMEWHERE = '10.77.0.80';

/** The answer to a query; null for what is not a query. `serial` is the zones' age as guifi.net writes it: a Unix time. */
export function answerQuery(query: Buffer, kind: Kind, serial: number): Buffer | null {
  try {
    const { id, flags = 0, type, questions = [] } = decode(query);
    const question = questions[0];
    if (type !== 'query' || !question) return null;
    const { rcode, authoritative, answers = [], authorities = [] } = say(question, kind, serial);
    const recursion = (flags & RECURSION_DESIRED) | RECURSION_AVAILABLE;
    return encode({
      type: 'response',
      ...(id === undefined ? {} : { id }),
      flags: recursion | (authoritative ? AUTHORITATIVE_ANSWER : 0) | rcode,
      questions: [question],
      answers,
      authorities,
    });
  } catch {
    return null;
  }
}

function say(question: Question, kind: Kind, serial: number): Said {
  const name = question.name.toLowerCase();
  const zone = GUIFI_ZONES.find((zone) => name === zone || name.endsWith(`.${zone}`));
  if (zone && kind !== 'generic') return sayGuifi(question, name, zone, serial);
  // RFC 6303: a resolver answers for the private reverse zones itself, from an empty zone.
  if (zone?.endsWith('.arpa')) {
    const soa = soaRecord(zone, 'localhost', 'nobody.invalid', 1);
    const isSoa = name === zone && question.type === 'SOA';
    if (isSoa) return { rcode: 0, authoritative: true, answers: [soa] };
    return { rcode: name === zone ? 0 : NO_SUCH_NAME, authoritative: true, authorities: [soa] };
  }
  const exists = kind === 'hijacker' || !(zone || name.endsWith('.invalid'));
  if (!exists) return { rcode: NO_SUCH_NAME };
  return { rcode: 0, answers: question.type === 'A' ? [{ type: 'A', name, ttl: 300, data: SOMEWHERE }] : [] };
}

function sayGuifi(question: Question, name: string, zone: string, serial: number): Said {
  const soa = soaRecord(zone, 'ns1.guifi.net', 'nobody.guifi.net', serial);
  if (name !== zone) return { rcode: NO_SUCH_NAME, authoritative: true, authorities: [soa] };
  return { rcode: 0, authoritative: true, ...(question.type === 'SOA' ? { answers: [soa] } : { authorities: [soa] }) };
}

function soaRecord(name: string, mname: string, rname: string, serial: number): Answer {
  const times = { refresh: 21600, retry: 3600, expire: 604800, minimum: 3600 };
  return { type: 'SOA', name, ttl: 3600, data: { mname, rname, serial, ...times } };
}
