let last = 10_000;

/**
 * A port for both transports, each time another. It lies below those that the system hands out by itself: a datagram
 * socket of any other program, bound to all addresses, may hold one of those just when it is wanted for UDP.
 */
export function quietPort(): number {
  last += 1;
  return last;
}
