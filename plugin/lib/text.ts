/** Texts of strangers, made fit to show. Where a text goes decides which characters it may keep. */

/** Longest host, description, community, node or attribute name, characters. */
export const TEXT_CAP = 128;

/** Printable ASCII, which nearly every text is: nothing to clean. */
const PLAIN = /^[!-~]*(?: [!-~]+)*$/;

/**
 * Not for a page: control characters, halves of characters, and what shows nothing but neither joins letters nor chooses
 * how they look.
 */
const HIDDEN_IN_PAGE =
  /[\p{Cc}\p{Cs}\ufff9-\ufffb]|(?![\p{Join_Control}\p{Variation_Selector}])\p{Default_Ignorable_Code_Point}/gu;

/** Not for one line of a log or a table: also what joins letters, private characters, and what begins another line. */
export const HIDDEN_IN_LINE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Not for text that is otherwise shown as it is: what a terminal obeys, and what turns the direction of writing. */
export const COMMANDS = /[\p{Cc}\p{Bidi_Control}]/gu;

/** A stranger's text made fit for a page, at most `cap` characters; empty when it is no text. */
export function cleanText(value: unknown, cap = TEXT_CAP): string {
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  const text = String(value).slice(0, cap);
  return PLAIN.test(text) ? text : text.replace(/\s+/g, ' ').replace(HIDDEN_IN_PAGE, '').trim();
}
