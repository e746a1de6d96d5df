/** How a foolscap tub begins, before TLS on the same connection. https://github.com/warner/foolscap (negotiate.py) */

interface Greeting {
  readonly text: string;
  /** Whether TLS follows. */
  readonly ready: boolean;
}

/** The answer to the head of a request; a tub knows only itself. */
export function answerUpgrade(head: string, tub: string): Greeting {
  const wanted = /^GET \/id\/(\S{0,100}) HTTP\/1\.1\r\n/.exec(head)?.[1] ?? '';
  // Found only in front of another header, as the original does.
  const ready = wanted === tub && head.includes('\r\nUpgrade: TLS/1.0\r\n');
  const text = ready
    ? 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, PB/1.0\r\nConnection: Upgrade\r\n\r\n'
    : `HTTP/1.1 500 Internal Server Error: unknown TubID ${wanted}\r\n\r\n`;
  return { text, ready };
}
