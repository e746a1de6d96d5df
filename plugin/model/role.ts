/** Who a visitor is, and whom a route is for. */

/** null = a stranger, where reading needs a login. */
export type Role = 'owner' | 'reader' | null;

/** Whom a route is for. */
export type Need = 'anyone' | 'reader' | 'owner';
