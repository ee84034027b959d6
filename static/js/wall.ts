/** The class wall: the whole room's containers as one bazaar, for the big screen. */
import { find, make, setText } from "./dom.ts";
import { loadStrings, say } from "./strings.ts";
import { Board } from "./classroom/board.ts";
import type { Row } from "./classroom/protocol.ts";
import { followRoom } from "./classroom/roomstream.ts";

const POTS = 8; // containers shown of each learner

class Wall {
  private readonly board = new Board();
  private readonly stalls = new Map<number, HTMLElement>();
  private readonly list: HTMLElement;
  private readonly stale = new Set<number>();
  private frame = 0;

  constructor(private readonly root: HTMLElement) {
    this.list = find(root, "[data-stalls]");
    followRoom(root.dataset["code"] ?? "", this.board, {
      changed: ({ rows, gone }) => {
        for (const id of rows) this.stale.add(id);
        for (const id of gone) {
          this.stalls.get(id)?.remove();
          this.stalls.delete(id);
        }
        this.frame ||= requestAnimationFrame(() => this.draw());
      },
      connection: (state) => (root.dataset["connection"] = state),
    });
    find(root, "[data-full]").addEventListener("click", () => void toggleFullScreen());
  }

  private draw(): void {
    this.frame = 0;
    const { room, rows } = this.board;
    if (!room) return;
    // Stalls stand in the order in which their learners came, and never move.
    const ids = [...rows.keys()].sort((a, b) => a - b);
    ids.forEach((id, at) => {
      const row = rows.get(id);
      if (row && (this.stale.has(id) || !this.stalls.has(id))) this.fill(this.stall(id), row, room.workshop.names_on_wall ? row.name : say("wall-stall", { n: at + 1 }));
    });
    this.stale.clear();
    this.root.style.setProperty("--columns", String(columnsFor(ids.length)));
    const running = [...rows.values()].reduce((sum, row) => sum + runningOf(row), 0);
    const done = [...rows.values()].reduce((sum, row) => sum + Object.keys(row.done).length, 0);
    const percent = ids.length ? Math.round((100 * done) / (ids.length * Math.max(1, room.columns.length))) : 0;
    setText(find(this.root, "[data-title]"), room.workshop.title);
    setText(find(this.root, "[data-sum]"), say("wall-sum", { n: ids.length, running, percent }));
    find(this.root, "[data-empty]").hidden = ids.length > 0;
  }

  private stall(id: number): HTMLElement {
    const known = this.stalls.get(id);
    if (known) return known;
    const template = find<HTMLTemplateElement>(document, "template[data-stall]");
    const made = template.content.firstElementChild?.cloneNode(true) as HTMLElement;
    made.dataset["learner"] = String(id);
    made.style.setProperty("--cloth", `var(--${["saffron", "teal", "rose"][id % 3] ?? "saffron"})`);
    this.list.append(made);
    this.stalls.set(id, made);
    return made;
  }

  private fill(stall: HTMLElement, row: Row, name: string): void {
    const of = this.board.room?.columns.length ?? 0;
    const done = Object.keys(row.done).length;
    stall.dataset["lit"] = String(runningOf(row) > 0);
    stall.dataset["complete"] = String(of > 0 && done >= of);
    setText(find(stall, ".wall-name"), row.hand_at ? `${name} ${say("wall-hand")}` : name);
    const containers = row.sandbox?.state === "running" ? row.sandbox.containers : [];
    const pots = containers.slice(0, POTS).map((one) => {
      const pot = make("li", "wall-pot", one.name);
      pot.dataset["state"] = one.state;
      pot.title = `${one.image} · ${one.state}`;
      return pot;
    });
    if (containers.length > POTS) pots.push(make("li", "wall-more", say("wall-more", { n: containers.length - POTS })));
    find(stall, ".wall-pots").replaceChildren(...pots);
    const bar = find<HTMLProgressElement>(stall, "progress");
    bar.max = Math.max(1, of);
    bar.value = done;
    bar.setAttribute("aria-label", say("wall-done", { done, of }));
  }
}

function runningOf(row: Row): number {
  if (row.sandbox?.state !== "running") return 0;
  return row.sandbox.containers.filter(({ state }) => state === "running").length;
}

/** Return how many stalls stand in a row, so that they fill a wide screen evenly. */
function columnsFor(stalls: number): number {
  return Math.max(1, Math.ceil(Math.sqrt(stalls * 1.9)));
}

async function toggleFullScreen(): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await document.documentElement.requestFullscreen();
}

const root = document.getElementById("wall");
if (root) {
  loadStrings();
  new Wall(root);
}
