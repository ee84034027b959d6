import { find } from "../../dom.ts";

/** What someone may do with the map; things go by their keys. */
export interface Gestures {
  choose(key: string, isByKey: boolean): void;
  /** The keyboard came to a thing. */
  reach(key: string): void;
  /** A thing is pointed at, by the pointer or the keyboard; null if none is any more. */
  point(key: string | null): void;
  /** Return whether the pressed key led somewhere. */
  steer(pressed: string, from: string): boolean;
  /** Return whether there was something to close. */
  close(): boolean;
}

export function bindGestures(panel: HTMLElement, stage: HTMLElement, gestures: Gestures): void {
  stage.addEventListener("click", (event) => {
    const key = keyAt(event.target);
    // A press of a key has no place on the screen.
    if (key) gestures.choose(key, event.detail === 0);
  });
  stage.addEventListener("focusin", (event) => {
    const key = keyAt(event.target);
    if (key) gestures.reach(key);
    gestures.point(key);
  });
  stage.addEventListener("focusout", () => gestures.point(null));
  stage.addEventListener("pointerover", (event) => gestures.point(keyAt(event.target)));
  stage.addEventListener("pointerleave", () => gestures.point(null));
  panel.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const key = keyAt(event.target);
    if (event.key === "Escape" ? gestures.close() : key !== null && gestures.steer(event.key, key)) event.preventDefault();
  });
  find(panel, "[data-close-details]").addEventListener("click", () => gestures.close());
}

function keyAt(target: EventTarget | null): string | null {
  const face = (target as Element | null)?.closest?.<HTMLElement>(".map-thing");
  if (!face) return null;
  const { kind, id, place } = face.dataset;
  return place ? `place:${place}` : `${kind}:${id}`;
}
