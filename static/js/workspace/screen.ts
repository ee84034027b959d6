import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { UnicodeGraphemesAddon } from "@xterm/addon-unicode-graphemes";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { WebglAddon } from "@xterm/addon-webgl";
import { Terminal } from "@xterm/xterm";
import { keep, read } from "../site/choices.ts";
import { say } from "../strings.ts";
import { openLink } from "./links.ts";
import { onThemeChange, themeOf } from "./palette.ts";

/** The element of a terminal, which carries its xterm.js instance. */
export type TerminalElement = HTMLElement & { terminal?: Terminal };

const FONT = { smallest: 9, usual: 14, largest: 28 };
const SETTLE = 60;

/**
 * An xterm.js with its add-ons, as large as its element, in the page's colours.
 *
 * What is printed comes from strangers' programs. It reaches nothing but the screen: not the clipboard (OSC 52), not the
 * page's title, no window; its links open after a question; and xterm.js's answers to a program's questions hold no text
 * of the program's. With `disableStdin` a terminal answers nothing at all, which is how to let somebody only watch.
 */
export class Screen {
  readonly terminal: Terminal;
  readonly search = new SearchAddon();
  private readonly fitter = new FitAddon();

  constructor(readonly host: TerminalElement) {
    Terminal.strings.promptLabel = say("terminal-label");
    Terminal.strings.tooMuchOutput = say("terminal-too-much");
    this.terminal = new Terminal({
      allowProposedApi: true, // the search and grapheme add-ons ask for it
      cursorBlink: false,
      fontFamily: getComputedStyle(host).fontFamily,
      fontSize: Number(read("terminal-font")) || FONT.usual,
      linkHandler: { activate: (_event, uri) => openLink(uri) },
      logLevel: "off", // a program that prints noise would have each odd byte reported on the console
      minimumContrastRatio: 4.5,
      screenReaderMode: read("terminal-reader") === "on",
      scrollback: 10_000,
      theme: themeOf(host),
    });
    this.load();
    this.terminal.open(host);
    this.useWebgl();
    this.watch();
    host.terminal = this.terminal;
  }

  /** Make the terminal as large as its element; a hidden element says nothing about size. */
  fit(): void {
    if (this.host.clientWidth > 0 && this.host.clientHeight > 0) this.fitter.fit();
  }

  /** Change the size of the letters by so many pixels, and remember it. */
  zoom(by: number): void {
    const size = Math.min(FONT.largest, Math.max(FONT.smallest, (this.terminal.options.fontSize ?? FONT.usual) + by));
    this.terminal.options.fontSize = size;
    keep("terminal-font", String(size));
    this.fit();
  }

  get isForReaders(): boolean {
    return this.terminal.options.screenReaderMode ?? false;
  }

  set isForReaders(on: boolean) {
    this.terminal.options.screenReaderMode = on;
    keep("terminal-reader", on ? "on" : "off");
  }

  private load(): void {
    this.terminal.loadAddon(this.fitter);
    this.terminal.loadAddon(this.search);
    this.terminal.loadAddon(new UnicodeGraphemesAddon());
    this.terminal.loadAddon(new WebLinksAddon((_event, uri) => openLink(uri)));
  }

  /** Draw with the graphics card where there is one; without, or when it is lost, xterm.js draws with elements. */
  private useWebgl(): void {
    if (!hasGraphicsCard()) return;
    try {
      const addon = new WebglAddon();
      addon.onContextLoss(() => addon.dispose());
      this.terminal.loadAddon(addon);
    } catch {
      // Refused after all: elements will do.
    }
  }

  private watch(): void {
    let timer = 0;
    new ResizeObserver(() => {
      clearTimeout(timer);
      timer = window.setTimeout(() => this.fit(), SETTLE);
    }).observe(this.host);
    onThemeChange(() => (this.terminal.options.theme = themeOf(this.host)));
  }
}

/** WebGL that a processor imitates is slower than drawing with elements; Chromium offers it all the same. */
function hasGraphicsCard(): boolean {
  const context = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (!context) return false;
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const name = info ? String(context.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "";
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}
