import { keep, read } from "../site/choices.ts";

export interface SeparatorOptions {
  /** Where the size is kept between visits. */
  readonly key: string;
  /** Along which axis it moves. */
  readonly axis: "x" | "y";
  readonly least: number;
  readonly most: number;
  readonly usual: number;
  /** The share in percent that a point of the screen stands for. */
  shareAt(point: number): number;
  /** The arrow key that makes the share larger. */
  readonly growsWith: "ArrowLeft" | "ArrowDown";
  apply(share: number): void;
}

const STEP = 2;

/** A separator that mouse, finger and arrow keys move; Home and End go to the ends, a double click back to usual. */
export class Separator {
  private share: number;

  constructor(
    private readonly element: HTMLElement,
    private readonly options: SeparatorOptions,
  ) {
    this.share = clamp(Number(read(options.key)) || options.usual, options);
    element.setAttribute("aria-valuemin", String(options.least));
    element.setAttribute("aria-valuemax", String(options.most));
    element.addEventListener("pointerdown", (event) => this.grab(event));
    element.addEventListener("keydown", (event) => this.key(event));
    element.addEventListener("dblclick", () => this.set(options.usual));
    this.set(this.share);
  }

  private set(share: number): void {
    this.share = clamp(share, this.options);
    this.element.setAttribute("aria-valuenow", String(Math.round(this.share)));
    this.options.apply(this.share);
    keep(this.options.key, this.share.toFixed(1));
  }

  private grab(event: PointerEvent): void {
    if (event.button !== 0) return;
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    this.element.classList.add("is-dragged");
    const move = (to: PointerEvent): void =>
      this.set(this.options.shareAt(this.options.axis === "x" ? to.clientX : to.clientY));
    const drop = (): void => {
      this.element.classList.remove("is-dragged");
      this.element.removeEventListener("pointermove", move);
    };
    this.element.addEventListener("pointermove", move);
    this.element.addEventListener("lostpointercapture", drop, { once: true });
  }

  private key(event: KeyboardEvent): void {
    const to = shareAfter(event.key, this.share, this.options);
    if (to === null) return;
    event.preventDefault();
    this.set(to);
  }
}

type Range = Pick<SeparatorOptions, "least" | "most">;

function clamp(share: number, { least, most }: Range): number {
  return Math.min(most, Math.max(least, share));
}

/** Return the share a key asks for, or null for a key that is not the separator's. */
export function shareAfter(key: string, share: number, options: Range & Pick<SeparatorOptions, "growsWith">): number | null {
  const shrinks = options.growsWith === "ArrowLeft" ? "ArrowRight" : "ArrowUp";
  if (key === options.growsWith) return clamp(share + STEP, options);
  if (key === shrinks) return clamp(share - STEP, options);
  if (key === "Home") return options.least;
  return key === "End" ? options.most : null;
}
