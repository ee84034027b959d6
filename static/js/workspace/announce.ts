import { setText } from "../dom.ts";

const PAUSE = 1_500;
const KEEP = 3;

/** Speaks to screen readers, one sentence at a time; of a flood, only the newest few are said. */
export class Announcer {
  private readonly waiting: string[] = [];
  private timer = 0;

  constructor(private readonly region: HTMLElement) {}

  say(text: string): void {
    if (!text) return;
    this.waiting.push(text);
    if (this.waiting.length > KEEP) this.waiting.shift();
    if (!this.timer) this.next();
  }

  private next(): void {
    const text = this.waiting.shift();
    this.timer = text === undefined ? 0 : window.setTimeout(() => this.next(), PAUSE);
    if (text === undefined) return;
    // The same sentence twice is a change only if the region was empty in between.
    this.region.textContent = "";
    requestAnimationFrame(() => setText(this.region, text));
  }
}
