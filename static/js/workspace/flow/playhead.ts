/** When which stop of a replay is shown. Pure: the clock is passed in. */

/** A pause in which nothing happened is not worth waiting for. */
const LONGEST_GAP = 2_000;
/** Two calls in the same millisecond are seen one after the other. */
const SHORTEST_GAP = 250;
/** What was over in a blink is stretched, so that it can be followed. */
const SHORTEST_REPLAY = 6_000;

/** Return when each stop is shown, in milliseconds from the first, given when it happened. */
export function schedule(times: readonly number[]): readonly number[] {
  const between = (least: number, value: number): number => Math.min(LONGEST_GAP, Math.max(least, value));
  const gaps = times.slice(1).map((time, index) => between(0, time - (times[index] ?? time)));
  const whole = gaps.reduce((sum, gap) => sum + gap, 0);
  const stretch = whole ? Math.max(1, SHORTEST_REPLAY / whole) : 1;
  const shown = times.length ? [0] : [];
  for (const gap of gaps) shown.push((shown.at(-1) ?? 0) + between(SHORTEST_GAP, gap * stretch));
  return shown;
}

/** Where a replay stands. */
export class Playhead {
  isPlaying = false;
  speed = 1;
  private position = 0;

  constructor(private readonly times: readonly number[]) {}

  /** The stop that is shown: the last whose time has come. */
  get index(): number {
    let [low, high] = [0, this.times.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.times[middle] ?? 0) <= this.position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  get isAtEnd(): boolean {
    return this.index >= this.times.length - 1;
  }

  /** Go on, or from the beginning if it is over. */
  play(): void {
    if (this.isAtEnd) this.position = 0;
    this.isPlaying = this.times.length > 1;
  }

  pause(): void {
    this.isPlaying = false;
  }

  seek(index: number): void {
    this.position = this.times[Math.max(0, Math.min(index, this.times.length - 1))] ?? 0;
  }

  /** Let time pass; at the end, stop. */
  pass(milliseconds: number): void {
    if (!this.isPlaying) return;
    this.position += milliseconds * this.speed;
    if (this.isAtEnd) this.pause();
  }
}
