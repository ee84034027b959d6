import type { ISearchOptions } from "@xterm/addon-search";
import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import type { Screen } from "./screen.ts";

const DECORATIONS: ISearchOptions = {
  decorations: {
    matchBackground: "#7a5c1e",
    matchOverviewRuler: "#c9963a",
    activeMatchBackground: "#c9963a",
    activeMatchColorOverviewRuler: "#ffc45c",
  },
};

/** Search in the terminal's scrollback: Enter finds the next, Shift+Enter the one before, Escape returns to the shell. */
export class SearchBar {
  private readonly bar: HTMLElement;
  private readonly field: HTMLInputElement;

  constructor(
    panel: HTMLElement,
    private readonly screen: Screen,
  ) {
    this.bar = find(panel, "[data-search]");
    this.field = find<HTMLInputElement>(this.bar, "input");
    const count = find(this.bar, "[data-search-count]");
    screen.search.onDidChangeResults(({ resultIndex, resultCount }) => {
      setText(count, resultCount ? say("search-count", { at: resultIndex + 1, all: resultCount }) : say("search-none"));
    });
    this.field.addEventListener("input", () => this.go("next", true));
    this.field.addEventListener("keydown", (event) => this.key(event));
    find(this.bar, "[data-search-next]").addEventListener("click", () => this.go("next"));
    find(this.bar, "[data-search-previous]").addEventListener("click", () => this.go("previous"));
    find(this.bar, "[data-search-close]").addEventListener("click", () => this.close());
  }

  open(): void {
    this.bar.hidden = false;
    this.field.select();
    this.field.focus();
  }

  private close(): void {
    this.bar.hidden = true;
    this.screen.search.clearDecorations();
    this.screen.terminal.focus();
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter") this.go(event.shiftKey ? "previous" : "next");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private go(where: "next" | "previous", incremental = false): void {
    const { search } = this.screen;
    if (!this.field.value) search.clearDecorations();
    else if (where === "next") search.findNext(this.field.value, { ...DECORATIONS, incremental });
    else search.findPrevious(this.field.value, DECORATIONS);
  }
}
