/** The lines of a log pane, as data: bounded, however fast they come. Pure, so that it can be tested without a page. */
export class Logbook<Line> {
  private lines: Line[] = [];
  private fresh: Line[] = [];

  constructor(private readonly most = 2_000) {}

  add(line: Line): void {
    this.fresh.push(line);
    // Trim rarely, in bulk: shifting an array for each of a thousand lines a second is what freezes pages.
    if (this.fresh.length >= 2 * this.most) this.fresh = this.fresh.slice(-this.most);
  }

  /** Return the lines to append since the last call, and how many of the oldest drawn ones to take away first. */
  take(): { added: Line[]; removed: number } {
    const added = this.fresh.slice(-this.most);
    this.fresh = [];
    const before = this.lines.length;
    const removed = Math.max(0, before + added.length - this.most);
    this.lines = this.lines.slice(removed).concat(added);
    return { added, removed };
  }

  /** Return every line that is drawn. */
  get all(): readonly Line[] {
    return this.lines;
  }

  clear(): void {
    this.lines = [];
    this.fresh = [];
  }
}
