import { Terminal } from "@xterm/xterm";
import { make } from "../dom.ts";
import { Screen, type TerminalElement } from "../workspace/screen.ts";
import { bindKeys, type Desk } from "../workspace/clipboard.ts";

const FONT = { smallest: 4, largest: 64, step: 0.5 };
const MOST = { cols: 1000, rows: 500 };
/** Letters measured at once, at a size at which a pixel more or less does not matter. */
const SAMPLE = { letters: 50, pixels: 100 };

/**
 * Somebody else's terminal: as many columns and rows as theirs, with letters that fill the room there is.
 *
 * It answers no program's question: theirs does. Keys are taken while `takesKeys`; else none is, and Tab goes past it.
 */
export class ViewerScreen extends Screen {
  private readonly cell: { readonly width: number; readonly height: number };

  constructor(host: TerminalElement) {
    passTakenNumbers();
    super(host);
    this.cell = measured(host);
    this.muteAnswers();
    this.lock();
  }

  /** Be as large as theirs. What a sandbox tells of its size need not be true. */
  resize(cols: number, rows: number): void {
    this.terminal.resize(between(2, cols, MOST.cols), between(1, rows, MOST.rows));
    this.fit();
  }

  lock(): void {
    this.terminal.options.disableStdin = true;
    this.terminal.attachCustomKeyEventHandler(() => false);
    if (this.terminal.textarea) this.terminal.textarea.tabIndex = -1;
  }

  unlock(desk: Desk): void {
    this.terminal.options.disableStdin = false;
    bindKeys(this.terminal, desk);
    if (this.terminal.textarea) this.terminal.textarea.tabIndex = 0;
  }

  /** Choose the size of the letters so that the whole terminal is seen. */
  override fit(): void {
    const room = roomIn(this.host);
    if (!this.cell || room.width <= 0 || room.height <= 0) return;
    const { cols, rows } = this.terminal;
    const wanted = Math.min(room.width / (cols * this.cell.width), room.height / (rows * this.cell.height));
    let size = Math.floor(between(FONT.smallest, wanted, FONT.largest) / FONT.step) * FONT.step;
    this.terminal.options.fontSize = size;
    // Cells are whole pixels: of many, the rounding adds up.
    for (let tries = 0; tries < 6 && size > FONT.smallest && this.isLargerThan(room); tries += 1) {
      this.terminal.options.fontSize = size -= FONT.step;
    }
  }

  private isLargerThan(room: { width: number; height: number }): boolean {
    const drawn = this.host.querySelector<HTMLElement>(".xterm-screen");
    return drawn !== null && (drawn.offsetWidth > room.width || drawn.offsetHeight > room.height);
  }

  private muteAnswers(): void {
    const { parser } = this.terminal;
    const csi = [{ final: "c" }, { prefix: ">", final: "c" }, { prefix: "=", final: "c" }, { final: "n" }, { prefix: "?", final: "n" },
      { intermediates: "$", final: "p" }, { prefix: "?", intermediates: "$", final: "p" }, { prefix: ">", final: "q" }, { final: "t" }];
    for (const id of csi) parser.registerCsiHandler(id, () => true);
    for (const id of [4, 10, 11, 12]) parser.registerOscHandler(id, (data) => data.includes("?"));
    parser.registerDcsHandler({ intermediates: "$", final: "q" }, () => true);
  }
}

/**
 * A terminal's styles are tied to its number, and each script of a page counts its own from 1. Where the lesson's script
 * has terminals, too, the numbers that they have must be used up first, or both would have the letters of one.
 */
function passTakenNumbers(): void {
  const taken = document.querySelectorAll("[class*='xterm-dom-renderer-owner-']").length;
  for (let number = 0; number < taken; number += 1) {
    const spare = new Terminal({ cols: 2, rows: 1 });
    const place = make("div");
    document.body.append(place);
    spare.open(place);
    spare.dispose();
    place.remove();
  }
}

function between(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function roomIn(host: HTMLElement): { width: number; height: number } {
  const style = getComputedStyle(host);
  const padding = (...sides: readonly string[]): number => sides.reduce((sum, side) => sum + (parseFloat(style.getPropertyValue(side)) || 0), 0);
  return {
    width: host.clientWidth - padding("padding-left", "padding-right") - 1,
    height: host.clientHeight - padding("padding-top", "padding-bottom") - 1,
  };
}

/** Return how large a cell is for each pixel of the letters' size. */
function measured(host: HTMLElement): { width: number; height: number } {
  const sample = make("span", "viewer-sample", "W".repeat(SAMPLE.letters));
  sample.style.fontSize = `${SAMPLE.pixels}px`;
  host.append(sample);
  const { width, height } = sample.getBoundingClientRect();
  sample.remove();
  return { width: width / SAMPLE.letters / SAMPLE.pixels || 0.6, height: height / SAMPLE.pixels || 1.2 };
}
