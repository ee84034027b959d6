import { find } from "../dom.ts";
import { keep, read } from "../site/choices.ts";
import { Separator } from "./separator.ts";
import { Tabs } from "./tabs.ts";

/** From this width on, lesson and workspace stand side by side. workspace.css says the same. */
const WIDE = "(min-width: 64rem)";
/** Below this height there is no room for a terminal above a log. */
const TALL = "(min-height: 34rem)";

/** Where the panels are: the terminal above the logs where there is room, else one at a time. */
export class Layout {
  private readonly tabs: Tabs;

  constructor(
    private readonly workspace: HTMLElement,
    onShow: (name: string) => void,
  ) {
    this.tabs = new Tabs(workspace, (name) => {
      keep("workspace-tab", name);
      onShow(name);
    });
    this.bindSplit();
    this.bindWidth();
    this.watchView();
    for (const query of [WIDE, TALL]) matchMedia(query).addEventListener("change", () => this.arrange());
    this.arrange();
  }

  /** Bring a panel into view. */
  reveal(name: string): void {
    if (name !== "terminal" || !this.isSplit) this.tabs.show(name);
    // On a small screen the workspace stands below the lesson.
    if (!matchMedia(WIDE).matches) this.workspace.scrollIntoView({ block: "end" });
  }

  isShown(name: string): boolean {
    return this.tabs.shown === name || (name === "terminal" && this.isSplit);
  }

  tab(name: string): HTMLElement | undefined {
    return this.tabs.tab(name);
  }

  /** Move the keyboard out of the terminal, to the tabs. */
  leaveTerminal(): void {
    this.tabs.tab(this.tabs.shown)?.focus();
  }

  private get isSplit(): boolean {
    return this.workspace.dataset["layout"] === "split";
  }

  private arrange(): void {
    const split = matchMedia(WIDE).matches && matchMedia(TALL).matches;
    this.workspace.dataset["layout"] = split ? "split" : "tabs";
    const kept = read("workspace-tab") ?? "";
    const wanted = this.tabs.tab(kept) ? kept : "terminal";
    this.tabs.show(split && wanted === "terminal" ? "daemon" : wanted);
  }

  /** On a small screen a button leads to the workspace; not while it is in view, as it would cover it. */
  private watchView(): void {
    const note = ([entry]: IntersectionObserverEntry[]): boolean =>
      document.documentElement.classList.toggle("workspace-in-view", entry?.isIntersecting ?? false);
    new IntersectionObserver(note, { threshold: 0.3 }).observe(this.workspace);
  }

  private bindSplit(): void {
    const body = find(this.workspace, "[data-split]");
    new Separator(find(this.workspace, "[data-separator=rows]"), {
      key: "workspace-rows", axis: "y", least: 20, most: 85, usual: 50, growsWith: "ArrowDown",
      shareAt: (y) => {
        const { top, height } = body.getBoundingClientRect();
        return ((y - top) / height) * 100;
      },
      apply: (share) => body.style.setProperty("--terminal-share", `${share}%`),
    });
  }

  private bindWidth(): void {
    new Separator(find(this.workspace, "[data-separator=width]"), {
      key: "workspace-width", axis: "x", least: 30, most: 75, usual: 56, growsWith: "ArrowLeft",
      shareAt: (x) => ((innerWidth - x) / innerWidth) * 100,
      apply: (share) => document.documentElement.style.setProperty("--workspace-width", `${share}vw`),
    });
  }
}
