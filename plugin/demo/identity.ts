/**
 * The identities of the demo's file synchronisation peers and introducers. The key is printed here for everyone to read: it protects
 * nothing, belongs to nobody, and must never be used outside the demo.
 */

interface Identity {
  /** What a peer with this certificate is called: a hash of it. */
  readonly deviceId: string;
  /** What a foolscap tub with it is called: a shorter one. */
  readonly tub: string;
  readonly cert: string;
}

export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgacTB3jCBb/71aZtD
ZVMYdTG9oklz/bVpELLclJwncLahRANCAAR57PLLuCYTOwYENs7i8PXEDxUYxooH
RGzSzKf2P1EA2MduNEiUNe8u0NoQU3uMq9OuFbejiiZzlebg/hkCcTst
-----END PRIVATE KEY-----
`;

export const IDENTITIES: readonly Identity[] = [
  {
    deviceId: 'BN7AT4F-4PKGN54-AWJG7LB-P762PUC-B4BYOKH-IMZX7QW-NGDAGOI-CAYUHAD',
    tub: '3fjyhwvt6y7htmygn36vfqfrevnhxsvi',
    cert: `-----BEGIN CERTIFICATE-----
MIIBZzCCAQ2gAwIBAgICA+kwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJc3luY3Ro
aW5nMCAXDTI2MTEyMzAxNTk1OFoYDzIwNzYwMzA1MDE1OTU4WjAUMRIwEAYDVQQD
DAlzeW5jdGhpbmcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR57PLLuCYTOwYE
Ns7i8PXEDxUYxooHRGzSzKf2P1EA2MduNEiUNe8u0NoQU3uMq9OuFbejiiZzlebg
/hkCcTsto00wSzAdBgNVHQ4EFgQU4U/OugC3CJsWqCQUMlgGNY/ron0wHwYDVR0j
BBgwFoAU4U/OugC3CJsWqCQUMlgGNY/ron0wCQYDVR0TBAIwADAKBggqhkjOPQQD
AgNIADBFAiEAkVjGmj/bU1p7g2BGFbTzrDo1MYpN6FC8da+P7JZlV+MCIFQuiSxK
+YgA/NeOEHnoAlb4DYYSe32ukGm3tbmsPt6Q
-----END CERTIFICATE-----
`,
  },
  {
    deviceId: 'WFUNKTC-VTVF7MG-XP7TFVG-6PFLUOX-QTG47MF-HXBR3B6-JNFCR3G-ZHBYLA4',
    tub: 'dh3ohqjaapf52gnmcdnpqcrmulivkfl7',
    cert: `-----BEGIN CERTIFICATE-----
MIIBaDCCAQ2gAwIBAgICA+owCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJc3luY3Ro
aW5nMCAXDTI2MTEyMzAxNTk1OFoYDzIwNzYwMzA1MDE1OTU4WjAUMRIwEAYDVQQD
DAlzeW5jdGhpbmcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR57PLLuCYTOwYE
Ns7i8PXEDxUYxooHRGzSzKf2P1EA2MduNEiUNe8u0NoQU3uMq9OuFbejiiZzlebg
/hkCcTsto00wSzAdBgNVHQ4EFgQU4U/OugC3CJsWqCQUMlgGNY/ron0wHwYDVR0j
BBgwFoAU4U/OugC3CJsWqCQUMlgGNY/ron0wCQYDVR0TBAIwADAKBggqhkjOPQQD
AgNJADBGAiEAxIlzoDCYH1oC4jVKkiZ1TJCH1PSnKhX69z80bpLH9LwCIQDIhP6B
7ja80VuBZKYJiFgS4XESIQb7xTDJNhH1+JL7UQ==
-----END CERTIFICATE-----
`,
  },
  {
    deviceId: 'IX3S7NW-T4Z6SE5-FN3G46N-JHCPDRR-S53OHA2-YUHVKF2-DIBRMXC-IM6DMQI',
    tub: '5wdbp4b2vxjgzrz7crcy7imy4ji7und3',
    cert: `-----BEGIN CERTIFICATE-----
MIIBZzCCAQ2gAwIBAgICA+swCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJc3luY3Ro
aW5nMCAXDTI2MTEyMzAxNTk1OFoYDzIwNzYwMzA1MDE1OTU4WjAUMRIwEAYDVQQD
DAlzeW5jdGhpbmcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR57PLLuCYTOwYE
Ns7i8PXEDxUYxooHRGzSzKf2P1EA2MduNEiUNe8u0NoQU3uMq9OuFbejiiZzlebg
/hkCcTsto00wSzAdBgNVHQ4EFgQU4U/OugC3CJsWqCQUMlgGNY/ron0wHwYDVR0j
BBgwFoAU4U/OugC3CJsWqCQUMlgGNY/ron0wCQYDVR0TBAIwADAKBggqhkjOPQQD
AgNIADBFAiBZtyWrEOjVRE976+L1rTDT7WILPjN5hGI8LSLSSMsEMgIhAKbcAnVI
Kt4SZzDU05lWNkT6co4syonaYMEeAO7gpykD
-----END CERTIFICATE-----
`,
  },
];
