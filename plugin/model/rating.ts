/** What the owner’s stars add to a score. */

/** The effect of the stars on the score, shown separately. */
export interface Rating {
  /** Number of counted ratings, and their mean in stars. */
  readonly count: number;
  readonly mean: number;
  /** Points added (+) or subtracted (−). */
  readonly points: number;
}
