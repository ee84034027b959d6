import type { Box } from "./plan.ts";
import { towards } from "./steer.ts";

/** Which thing the keyboard is at: one of them is in the tab order, and arrow keys lead from one to the next. */
export class Cursor {
  private at: string | null = null;

  constructor(
    private readonly boxes: () => ReadonlyMap<string, Box>,
    private readonly face: (key: string) => HTMLElement | undefined,
  ) {}

  /** Return whether the key led somewhere. */
  press(key: string, from: string): boolean {
    const to = towards(key, from, this.boxes());
    if (to !== null) this.go(to);
    return to !== null;
  }

  go(key: string): void {
    this.set(key);
    this.face(key)?.focus();
  }

  set(key: string): void {
    if (key === this.at) return;
    if (this.at !== null) this.face(this.at)?.setAttribute("tabindex", "-1");
    this.face(key)?.setAttribute("tabindex", "0");
    this.at = key;
  }

  /** See that one thing can be reached by the Tab key; the keyboard goes to it if its own is gone. */
  settle(wasFocused: boolean): void {
    if (this.at !== null && this.face(this.at)) return;
    this.at = null;
    const key = [...this.boxes().keys()].find((one) => this.face(one));
    if (key === undefined) return;
    if (wasFocused) this.go(key);
    else this.set(key);
  }
}
