/** What the reader sees of the sequence. */

const CLOSE = 48;

/** Scroll no more than is needed to show an element, and nothing but this scroller: the page stays where it is. */
export function bringIntoSight(scroller: HTMLElement, element: Element): void {
  const [frame, box] = [scroller.getBoundingClientRect(), element.getBoundingClientRect()];
  // The names of the lanes stand above the first row in sight.
  const top = frame.top + CLOSE;
  if (box.bottom > frame.bottom) scroller.scrollTop += Math.min(box.bottom - frame.bottom, box.top - top);
  else if (box.top < top) scroller.scrollTop -= top - box.top;
}

/** Make a change; if the end of the newest command was in sight before, it is so after it. */
export function follow(scroller: HTMLElement, newest: Element | null, change: () => void): void {
  const frame = scroller.getBoundingClientRect();
  const bottom = newest?.getBoundingClientRect().bottom ?? frame.top;
  const follows = frame.height > 0 && bottom >= frame.top && bottom <= frame.bottom + CLOSE;
  change();
  const last = scroller.querySelector(".flow-group")?.querySelector(":scope > .flow-sequence > .flow-rows > :last-child");
  if (follows && last) bringIntoSight(scroller, last);
}
