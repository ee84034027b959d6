import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import type { Announcer } from "./announce.ts";
import { bindKeys, bindPaste } from "./clipboard.ts";
import type { Verdict } from "./closing.ts";
import type { Layout } from "./layout.ts";
import { Screen, type TerminalElement } from "./screen.ts";
import { SearchBar } from "./searchbar.ts";
import { Shell, type Connection } from "./terminal.ts";

const NOTICE_FOR = 8_000;

/** The terminal's panel: the shell, its connection, its notices and its tools. */
export class TerminalPanel {
  readonly shell: Shell;
  private readonly screen: Screen;
  private readonly search: SearchBar;
  private noticeTimer = 0;

  constructor(
    private readonly panel: HTMLElement,
    private readonly announcer: Announcer,
    private readonly layout: () => Layout,
    onVerdict: (verdict: Verdict, tries: number) => void,
  ) {
    this.screen = new Screen(find<TerminalElement>(panel, "[data-testid=terminal-client]"));
    this.search = new SearchBar(panel, this.screen);
    this.describe();
    this.bindTools();
    bindPaste(this.screen.host, this.screen.terminal);
    bindKeys(this.screen.terminal, {
      notice: (text) => this.notice(text),
      leave: () => this.leave(),
      search: () => this.search.open(),
      zoom: (by) => this.screen.zoom(by),
    });
    this.shell = new Shell(this.screen, {
      connection: (state, verdict, tries = 0) => {
        this.show(state, verdict);
        if (verdict) onVerdict(verdict, tries);
      },
      notice: (text) => this.notice(text),
      pasting: (left) => this.progress(left),
    });
  }

  focus(): void {
    this.screen.terminal.focus();
  }

  fit(): void {
    this.screen.fit();
  }

  /** Say something for a while, beside the terminal and to screen readers. */
  notice(text: string): void {
    const box = find(this.panel, "[data-notice]");
    setText(box, text);
    box.hidden = false;
    this.announcer.say(text);
    clearTimeout(this.noticeTimer);
    this.noticeTimer = window.setTimeout(() => (box.hidden = true), NOTICE_FOR);
  }

  /** Show or hide a quiet sign that the sandbox sleeps. It takes no click and no key: those wake the sandbox. */
  showAsleep(isAsleep: boolean): void {
    const sign = find(this.panel, "[data-asleep]");
    if (isAsleep && sign.hidden) this.announcer.say(say("asleep"));
    sign.hidden = !isAsleep;
  }

  private leave(): void {
    this.layout().leaveTerminal();
    this.announcer.say(say("left-terminal"));
  }

  private show(state: Connection, verdict?: Verdict): void {
    const sign = find(this.panel, "[data-connection]");
    sign.dataset["connection"] = state;
    setText(sign, verdict === "engine-down" ? say("engine-down") : say(`connection-${state}`));
  }

  private progress(left: number): void {
    const box = find(this.panel, "[data-pasting]");
    box.hidden = left === 0;
    setText(box, left ? say("pasting", { kilobytes: Math.ceil(left / 1024) }) : "");
  }

  /** The way out of the terminal must be known before it is needed (WCAG 2.1.2). */
  private describe(): void {
    const { textarea } = this.screen.terminal;
    textarea?.setAttribute("aria-description", say("terminal-way-out"));
  }

  private bindTools(): void {
    const on = (selector: string, act: () => void): void =>
      find(this.panel, selector).addEventListener("click", act);
    on("[data-find]", () => this.search.open());
    on("[data-larger]", () => this.screen.zoom(1));
    on("[data-smaller]", () => this.screen.zoom(-1));
    const reader = find(this.panel, "[data-reader]");
    reader.setAttribute("aria-pressed", String(this.screen.isForReaders));
    on("[data-reader]", () => {
      this.screen.isForReaders = !this.screen.isForReaders;
      reader.setAttribute("aria-pressed", String(this.screen.isForReaders));
    });
  }
}
