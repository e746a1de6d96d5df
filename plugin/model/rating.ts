/** What the owner’s stars add to a score. */

/** What the stars did to the score, shown apart. */
export interface Rating {
  /** Ratings that count, and their mean in stars. */
  readonly count: number;
  readonly mean: number;
  /** Points that they added (+) or took (−). */
  readonly points: number;
}
