/**
 * What neighbours announce by mistake: user names and passwords in links, keys in queries. It is taken out as it is read, so
 * that nothing stores, shows or hands it on. What only looks like a secret goes too: a description is worth less.
 */
import { cleanText, TEXT_CAP } from '../lib/text.js';

/** Without one of these there is neither a link nor a named value; nearly every text is without. */
const SUSPICIOUS = /[@:=?%]/;
const NAMES =
  'user(?:name)?|usuari[oa]?|benutzer(?:name)?|login|pass(?:word|wd|wort|phrase)?|contrase(?:ny|ñ)a|kennwort|' +
  'pwd|pw|pin|(?:access[_-]?|auth[_-]?)?token|(?:api[_-]?)?key|secret|auth|credentials?|sess(?:ion)?(?:[_-]?id)?';
const SECRET_NAME = new RegExp(`^(?:${NAMES})$|pass(?:w|phrase)|token|secret|api[_-]?key`, 'i');

/** "Login: ask Anna": whom to ask is no secret. One word alone may be anything, and so goes. */
const REFERRALS =
  'ask|see|via|contact|demaneu|pregunteu|pregunta|vegeu|pida|pregunte|solicite|consulte|véase|frag(?:t|en)?|siehe|bei|über';

/** What goes, and what it becomes. `pb:` is Tahoe's own: the part before its `@` is no user, but the grid's public name. */
const CUTS: readonly (readonly [pattern: RegExp, kept: string])[] = [
  [/(?<!\bpb:)(\/\/)[^\s/?#]*@/gi, '$1'],
  // A password with a slash in it, or one that was cut off before its host.
  [/(?<!\bpb:)(\/\/)[^\s/?#@:[\]]+:(?!\d{1,5}(?!\d))\S*/gi, '$1'],
  [/(?<!\bmagnet:)[?&][^\s=?&]*=[^\s)\]>"']*/gi, ''],
  [/(?<![^\s([<"'=])(?!(?:mailto|sips?|xmpp|e?-?mail|contact):)[^\s:/@?=&]+:[^\s/@]+@(?=[\w[])/gi, ''],
  [new RegExp(`(?<![a-z])(${NAMES})\\s*(?![=:]\\s+(?:${REFERRALS})\\s+\\p{L})[=:]\\s*\\S+`, 'giu'), '$1'],
];

/** The text without user names, passwords and values of queries, also where they are percent-encoded. */
export function withoutSecrets(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  const plain = decode(decode(text));
  const safe = cut(plain);
  // What is encoded for a good reason stays as it is.
  return safe === plain ? cut(text) : safe;
}

/** Whether an attribute of that name is none of anybody's business. */
export const isSecretName = (name: string) => SECRET_NAME.test(name) || withoutSecrets(name) !== name;

/** A stranger's text for a page, as `cleanText`, without secrets. */
export function publicText(value: unknown, cap = TEXT_CAP): string {
  if (typeof value !== 'string') return cleanText(value, cap);
  // Not cut off first: half of a link may be all of its password.
  return cleanText(withoutSecrets(value.slice(0, 4 * cap)), cap);
}

const cut = (text: string) => CUTS.reduce((rest, [pattern, kept]) => rest.replace(pattern, kept), text);

const decode = (text: string) =>
  text.replace(/%([2-7][\da-f])/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
