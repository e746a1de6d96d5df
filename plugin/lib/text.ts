/** Texts of strangers, made fit to show. */

/** Caps in characters: of a host, description, community, node or attribute name, and of all attributes together. */
export const TEXT_CAP = 128;

/** Printable ASCII, which nearly every text is: nothing to clean. */
export const PLAIN = /^[!-~]*(?: [!-~]+)*$/;

/** Control characters, halves of characters, and what shows nothing but does not join letters or choose how they look. */
export const UNSHOWABLE =
  /[\p{Cc}\p{Cs}\ufff9-\ufffb]|(?![\p{Join_Control}\p{Variation_Selector}])\p{Default_Ignorable_Code_Point}/gu;

/** A stranger's text made fit to show, at most `cap` characters; empty when it is no text. */
export function cleanText(value: unknown, cap = TEXT_CAP): string {
  if (typeof value !== 'string' && typeof value !== 'number') return '';
  const text = String(value).slice(0, cap);
  return PLAIN.test(text) ? text : text.replace(/\s+/g, ' ').replace(UNSHOWABLE, '').trim();
}
