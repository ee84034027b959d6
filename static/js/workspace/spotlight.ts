/** What belongs together: a command, what it is about, and where the page shows either. Pointing at one lights all. */
import type { FlowEvent, ObjectEvent } from "./protocol.ts";

const MOST_ORDERS = 200;

export interface Lit {
  readonly orders: ReadonlySet<number>;
  /** Ids and names. */
  readonly objects: ReadonlySet<string>;
}

const DARK: Lit = { orders: new Set(), objects: new Set() };

export class Spotlight {
  private readonly known = new Map<number, Set<string>>();
  private readonly subscribers: ((lit: Lit) => void)[] = [];
  private lit = DARK;
  private pinned = DARK;
  private pointed: string | number | null = null;

  /** Be told what is lit, whenever that changes. */
  onChange(subscriber: (lit: Lit) => void): void {
    this.subscribers.push(subscriber);
  }

  learn(event: FlowEvent | ObjectEvent): void {
    if (!event.order) return;
    const objects = this.known.get(event.order) ?? new Set();
    this.known.set(event.order, objects);
    for (const name of event.type === "flow" ? event.objects : [event.object, event.name]) if (name) objects.add(name);
    const [oldest] = this.known.keys();
    if (this.known.size > MOST_ORDERS && oldest !== undefined) this.known.delete(oldest);
  }

  /** The reader points at a command, or at none any more. */
  light(order: number | null): void {
    if (order !== null) this.point(order, this.litBy(order));
    else if (typeof this.pointed === "number") this.point(null, this.pinned);
  }

  /** The reader opened a command, or closed it: while they point at nothing it is lit, in whatever pane they look. */
  pin(order: number | null): void {
    this.pinned = order === null ? DARK : this.litBy(order);
    if (this.pointed === null) this.tell(this.pinned);
  }

  /** The reader points at a container, image, network or volume, or at none any more. */
  hover(object: string | null): void {
    if (object !== null) this.point(object, { orders: this.ordersOf(object), objects: new Set([object]) });
    else if (typeof this.pointed === "string") this.point(null, this.pinned);
  }

  isLit(order: number): boolean {
    return this.lit.orders.has(order);
  }

  objectsOf(order: number): ReadonlySet<string> {
    return new Set(this.known.get(order));
  }

  ordersOf(object: string): ReadonlySet<number> {
    return new Set([...this.known].filter(([, objects]) => objects.has(object)).map(([order]) => order));
  }

  forget(): void {
    this.known.clear();
    this.pinned = DARK;
    this.point(null, DARK);
  }

  /** Follow pointer and keyboard over all that carries `data-order`. */
  watch(root: HTMLElement): void {
    const point = ({ target }: Event): void => {
      const order = target instanceof Element ? target.closest<HTMLElement>("[data-order]")?.dataset["order"] : undefined;
      this.light(Number(order) || null);
    };
    root.addEventListener("pointerover", point);
    root.addEventListener("focusin", point);
    for (const end of ["pointerleave", "focusout"]) root.addEventListener(end, () => this.light(null));
  }

  private point(at: string | number | null, lit: Lit): void {
    if (at === this.pointed) return;
    this.pointed = at;
    this.tell(lit);
  }

  private litBy(order: number): Lit {
    return { orders: new Set([order]), objects: this.objectsOf(order) };
  }

  private tell(lit: Lit): void {
    this.lit = lit;
    for (const tell of this.subscribers) tell(lit);
  }
}

/** Light, within a list, what belongs to these commands: only the lines that change are touched, not the thousands that do not. */
export function lightWithin(list: HTMLElement, { orders }: Lit): void {
  for (const lit of list.querySelectorAll(".is-spotlit")) lit.classList.remove("is-spotlit");
  for (const order of orders) {
    for (const found of list.querySelectorAll(`[data-order="${order}"]`)) found.classList.add("is-spotlit");
  }
}
