import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { RoomLink, type LinkState } from "./consolelink.ts";
import { arrange } from "./consoleorder.ts";
import { countsOf, type RoomState } from "./consolestate.ts";
import type { Row, Stall } from "./protocol.ts";
import { columnsFor, heightFor } from "./wallplan.ts";

/** Pots on one counter; what more there is, the number tells. */
const POTS = 6;
const CLOTHS = 4;

/** The whole class as one bazaar: a stall for each learner, with what runs in it, as it is. */
export class Wall {
  private readonly link: RoomLink;
  private readonly street: HTMLElement;
  private readonly template: HTMLTemplateElement;
  private readonly stalls = new Map<number, HTMLElement>();
  private shown: RoomState | null = null;

  constructor(private readonly wall: HTMLElement) {
    this.street = find(wall, "[data-street]");
    this.template = find<HTMLTemplateElement>(wall, "[data-stall-template]");
    this.link = new RoomLink(wall.dataset["code"] ?? "", {
      onRoom: (state) => this.draw(state),
      onLink: (state) => this.showLink(state),
    });
    new ResizeObserver(() => this.fit()).observe(this.street);
    this.bindFullScreen();
  }

  start(): void {
    this.link.start();
  }

  private bindFullScreen(): void {
    const button = find<HTMLButtonElement>(this.wall, "[data-full-screen]");
    button.hidden = !document.fullscreenEnabled;
    button.addEventListener("click", () => {
      void (document.fullscreenElement ? document.exitFullscreen() : this.wall.requestFullscreen());
    });
    document.addEventListener("fullscreenchange", () => button.setAttribute("aria-pressed", String(!!document.fullscreenElement)));
  }

  private draw(state: RoomState): void {
    const { workshop } = state;
    const rows = [...state.rows.values()].sort((one, other) => one.id - other.id);
    for (const [id, stall] of this.stalls) {
      if (state.rows.has(id)) continue;
      stall.remove();
      this.stalls.delete(id);
    }
    const elements = rows.map((row, at) => {
      const stall = this.stallOf(row.id);
      const isSame = this.shown?.rows.get(row.id) === row && this.shown.columns === state.columns;
      const name = workshop.names_on_wall ? row.name : say("wall-number", { number: at + 1 });
      setText(find(stall, "[data-name]"), name);
      if (!isSame) fill(stall, row, state.columns.length);
      return stall;
    });
    arrange<ChildNode>(this.street, elements);
    this.shown = state;
    this.head(state);
    this.fit();
  }

  private stallOf(id: number): HTMLElement {
    const known = this.stalls.get(id);
    if (known) return known;
    const made = this.template.content.firstElementChild?.cloneNode(true) as HTMLElement;
    made.dataset["cloth"] = String(id % CLOTHS);
    this.stalls.set(id, made);
    return made;
  }

  private head(state: RoomState): void {
    const running = [...state.rows.values()].reduce((sum, row) => sum + runningIn(row).length, 0);
    const { people, done } = countsOf(state, this.link.clock.now());
    setText(find(this.wall, "[data-title]"), state.workshop.title);
    setText(find(this.wall, "[data-sum]"), say("wall-count", { people, running, done: `${done}%` }));
    this.wall.dataset["state"] = state.workshop.state;
    find(this.wall, "[data-empty]").hidden = people > 0;
  }

  private fit(): void {
    const { clientWidth, clientHeight } = this.street;
    const columns = columnsFor(this.stalls.size, clientWidth, clientHeight);
    this.street.style.setProperty("--wall-columns", String(columns));
    this.street.style.setProperty("--wall-height", `${heightFor(this.stalls.size, columns, clientWidth, clientHeight)}px`);
  }

  private showLink(state: LinkState): void {
    this.wall.dataset["link"] = state;
    setText(find(this.wall, "[data-link-state]"), state === "on" ? "" : say(`link-${state}`));
  }
}

function runningIn({ sandbox }: Row): readonly Stall[] {
  return sandbox?.state === "running" ? sandbox.containers.filter(({ state }) => state === "running") : [];
}

/** Show one learner's stall: open while their sandbox runs, a pot for each container, lit while it runs. */
function fill(stall: HTMLElement, row: Row, all: number): void {
  const isOpen = row.sandbox?.state === "running";
  const containers = isOpen ? (row.sandbox?.containers ?? []) : [];
  const done = Object.keys(row.done).length;
  stall.dataset["open"] = isOpen ? (row.sandbox?.paused ? "asleep" : "yes") : "no";
  stall.classList.toggle("is-done", all > 0 && done >= all);
  stall.style.setProperty("--done", String(all ? done / all : 0));
  setText(find(stall, "[data-done]"), `${done}/${all}`);
  setText(find(stall, "[data-told]"), told(row, containers, done, all));
  const pots = find(stall, "[data-pots]");
  const wanted = containers.slice(0, POTS).map(({ state }) => (state === "running" ? "lit" : "cold"));
  if (pots.dataset["pots"] !== wanted.join(" ")) {
    pots.dataset["pots"] = wanted.join(" ");
    pots.replaceChildren(...wanted.map(potOf));
  }
  setText(find(stall, "[data-more-pots]"), containers.length > POTS ? `+${containers.length - POTS}` : "");
}

function told(row: Row, containers: readonly Stall[], done: number, all: number): string {
  const parts = [say("wall-done", { done, all })];
  if (containers.length) parts.push(say("wall-containers", { running: runningIn(row).length, all: containers.length }));
  return parts.join(", ");
}

function potOf(kind: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 30");
  svg.setAttribute("class", `wall-pot is-${kind}`);
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#wall-pot-${kind}`);
  svg.append(use);
  return svg;
}
