import { find } from "../dom.ts";

/** Tabs after the WAI-ARIA pattern: arrow keys move, one tab is in the tab order, its panel alone is shown. */
export class Tabs {
  private readonly tabs: HTMLElement[];

  constructor(
    private readonly root: HTMLElement,
    private readonly onShow: (name: string) => void,
  ) {
    this.tabs = [...root.querySelectorAll<HTMLElement>("[role=tab]")];
    for (const tab of this.tabs) {
      tab.addEventListener("click", () => this.show(nameOf(tab)));
      tab.addEventListener("keydown", (event) => this.move(event, tab));
    }
  }

  get shown(): string {
    const tab = this.tabs.find((one) => one.getAttribute("aria-selected") === "true");
    return tab ? nameOf(tab) : "";
  }

  tab(name: string): HTMLElement | undefined {
    return this.tabs.find((one) => nameOf(one) === name);
  }

  show(name: string): void {
    for (const tab of this.tabs) {
      const isShown = nameOf(tab) === name;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
      find(this.root, `#${tab.getAttribute("aria-controls")}`).classList.toggle("is-shown", isShown);
    }
    this.onShow(name);
  }

  private move(event: KeyboardEvent, from: HTMLElement): void {
    // A tab that the layout hides is not there for the keyboard either.
    const there = this.tabs.filter((tab) => tab.offsetParent !== null);
    const to = there[next(event.key, there.indexOf(from), there.length)];
    if (!to) return;
    event.preventDefault();
    this.show(nameOf(to));
    to.focus();
  }
}

/** Return where a key leads from a place in a row, or -1 for a key that leads nowhere. */
export function next(key: string, at: number, count: number): number {
  if (count === 0) return -1;
  if (key === "ArrowRight") return (at + 1) % count;
  if (key === "ArrowLeft") return (at - 1 + count) % count;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : -1;
}

function nameOf(tab: HTMLElement): string {
  return tab.dataset["tab"] ?? "";
}
