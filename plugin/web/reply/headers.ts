/** The headers that answers carry. */

/** On every answer, whatever it is. */
export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  // Not `no-referrer`: browsers then send `Origin: null` with every form, and the same-origin check would fail on plain http.
  'referrer-policy': 'same-origin',
} as const;

/** On everything but the files of public/: the answer depends on the visitor. */
export const PERSONAL = {
  'cache-control': 'no-store',
  vary: 'Cookie, Accept-Language, Accept-Encoding, HX-Request',
} as const;
