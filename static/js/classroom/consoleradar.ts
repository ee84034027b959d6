import { make, setText } from "../dom.ts";
import { say } from "../strings.ts";
import type { Board } from "./board.ts";
import { ago } from "./durations.ts";
import type { RadarGroup } from "./protocol.ts";

export interface RadarDoors {
  hint(group: RadarGroup): void;
  select(group: RadarGroup): void;
}

/** The radar: who is stuck on the same, the largest group first. */
export class RadarView {
  private shown = "";

  constructor(
    private readonly list: HTMLElement,
    private readonly empty: HTMLElement,
    private readonly board: Board,
    private readonly doors: RadarDoors,
  ) {}

  draw(now: number): void {
    const groups = this.board.room?.radar ?? [];
    const state = JSON.stringify([groups, groups.map((group) => this.names(group))]);
    if (state !== this.shown) {
      this.shown = state;
      const open = new Set([...this.list.querySelectorAll("details[open]")].map((one) => (one as HTMLElement).dataset["key"]));
      this.list.replaceChildren(...groups.map((group) => this.card(group, open.has(keyOf(group)))));
      this.empty.hidden = groups.length > 0;
    }
    groups.forEach((group, at) => {
      const since = this.list.children[at]?.querySelector(".radar-since");
      if (since) setText(since, ago(group.since, now));
    });
  }

  private names(group: RadarGroup): string {
    return group.members.map((id) => this.board.rows.get(id)?.name ?? "").join(", ");
  }

  private card(group: RadarGroup, isOpen: boolean): HTMLElement {
    const card = make("li", `radar-group radar-of-${group.kind}`);
    card.dataset["testid"] = "radar-group";
    const head = make("p", "radar-head");
    const of = { n: group.members.length, of: this.board.rows.size };
    head.append(make("strong", "radar-count", say("radar-count", of)), " ", make("span", "radar-name", group.name));
    const about = make("p", "radar-about");
    const column = this.board.room?.columns.find(({ key }) => key === `${group.lesson}/${group.task}`);
    if (group.kind === "task" && column) about.append(make("span", "radar-task", column.title), " · ");
    about.append(make("span", "radar-since"), " · ", make("span", "radar-names", this.names(group)));
    card.append(head, about, this.details(group, isOpen), this.buttons(group));
    return card;
  }

  private details(group: RadarGroup, isOpen: boolean): HTMLElement {
    const details = make("details", "radar-details");
    details.dataset["key"] = keyOf(group);
    details.open = isOpen;
    details.append(make("summary", "", say("radar-example")));
    if (group.command) details.append(make("pre", "radar-command", group.command));
    details.append(make("pre", "radar-error", group.example));
    return details;
  }

  private buttons(group: RadarGroup): HTMLElement {
    const row = make("div", "button-row");
    const hint = make("button", "button button-small", say("radar-hint", { n: group.members.length }));
    const select = make("button", "button-quiet button-small", say("radar-select"));
    hint.type = select.type = "button";
    hint.dataset["testid"] = "radar-hint";
    hint.addEventListener("click", () => this.doors.hint(group));
    select.addEventListener("click", () => this.doors.select(group));
    row.append(hint, select);
    return row;
  }
}

function keyOf(group: RadarGroup): string {
  return `${group.kind} ${group.name} ${group.lesson} ${group.task}`;
}

/** What to write to those who are stuck on an error that is well known; "" for others. */
export function suggestion(group: RadarGroup): string {
  const known: [RegExp, string][] = [
    [/port is already allocated|address already in use/, "suggest-port"],
    [/is already in use by container/, "suggest-name"],
    [/No such container/, "suggest-no-container"],
    [/No such image|manifest unknown|pull access denied/, "suggest-no-image"],
    [/container is running/, "suggest-running"],
    [/using its referenced image|being used by/, "suggest-image-used"],
    [/volume is in use/, "suggest-volume-used"],
    [/not a place of yours|denied|unauthorized/, "suggest-push"],
    [/executable file not found/, "suggest-program"],
    [/no space left/, "suggest-space"],
  ];
  const found = known.find(([pattern]) => pattern.test(group.name));
  return found ? say(found[1]) : "";
}
