/** The languages of the panel. */

export const LANGUAGES = ['ca', 'es', 'en', 'de'] as const;

export type Language = (typeof LANGUAGES)[number];
