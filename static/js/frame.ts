/** How long a drawing waits for a frame, in milliseconds: a page that nobody looks at may have none for hours. */
const LATEST = 1_000;

/** Draws once, however often it was asked to: at the next frame, or soon after if there is none. */
export class Frame {
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly draw: () => void) {}

  request(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => this.now());
    this.timer = setTimeout(() => this.now(), LATEST);
  }

  /** Draw at once, and no more for what was asked so far. */
  now(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.frame = 0;
    this.draw();
  }
}
