/** How long to wait before the next try: doubling, capped, and spread out so that many pages do not return at once. */
export class Backoff {
  private tries = 0;

  constructor(
    private readonly first = 500,
    private readonly longest = 15_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** Tries since the last success. */
  get count(): number {
    return this.tries;
  }

  /** Return the next wait in milliseconds: between half and the whole of the doubled wait. */
  next(): number {
    const whole = Math.min(this.longest, this.first * 2 ** Math.min(this.tries, 30));
    this.tries += 1;
    return Math.round(whole * (0.5 + this.random() / 2));
  }

  reset(): void {
    this.tries = 0;
  }
}
