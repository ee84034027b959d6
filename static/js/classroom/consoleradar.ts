import { find, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { shortened } from "./consoledeeds.ts";
import { arrange } from "./consoleorder.ts";
import type { RoomState } from "./consolestate.ts";
import { ago, keyOf, suggestionFor, taskOf, titleOf } from "./consolewords.ts";
import type { RadarGroup, Row } from "./protocol.ts";

export interface RadarActs {
  hint(ids: readonly number[], suggestion: string): void;
  select(ids: readonly number[]): void;
  lower(id: number, button: HTMLButtonElement): void;
}

/** Beside the grid: raised hands in their order, and who is stuck on the same, the largest group first. */
export class Radar {
  private readonly groups: Keyed<RadarGroup>;
  private readonly hands: Keyed<Row>;
  private state: RoomState | null = null;

  constructor(
    private readonly page: HTMLElement,
    private readonly room: string,
    private readonly acts: RadarActs,
  ) {
    this.groups = new Keyed(page, "[data-radar-groups]", "[data-group-template]", (item, group) => this.bindGroup(item, group));
    this.hands = new Keyed(page, "[data-hand-list]", "[data-hand-template]", (item, row) => this.bindHand(item, row));
  }

  draw(state: RoomState, now: number): void {
    this.state = state;
    const waving = [...state.rows.values()].filter(({ hand_at }) => hand_at);
    waving.sort((one, other) => Date.parse(one.hand_at ?? "") - Date.parse(other.hand_at ?? "") || one.id - other.id);
    find(this.page, "[data-hands]").hidden = !waving.length;
    this.hands.draw(new Map(waving.map((row) => [String(row.id), row])), (item, row) => {
      setText(find(item, "[data-hand-name]"), row.name);
      setText(find(item, "[data-hand-since]"), ago(row.hand_at, now));
    });
    find(this.page, "[data-radar-none]").hidden = state.radar.length > 0;
    this.groups.draw(new Map(state.radar.map((group) => [keyOf(group), group])), (item, group) => this.group(item, group, now));
  }

  private group(item: HTMLElement, group: RadarGroup, now: number): void {
    const { columns = [], rows = new Map<number, Row>() } = this.state ?? {};
    const names = group.members.map((id) => rows.get(id)?.name ?? "").filter(Boolean);
    const task = taskOf(group, columns);
    item.dataset["kind"] = group.kind;
    setText(find(item, "[data-kind]"), say(`kind-${group.kind}`));
    setText(find(item, "[data-count-of]"), say("group-count", { count: group.members.length, people: rows.size }));
    setText(find(item, "[data-group-name]"), titleOf(group, columns));
    setText(find(item, "[data-since]"), say("since", { ago: ago(group.since, now) }));
    setText(find(item, "[data-names]"), shortened(names));
    setText(find(item, "[data-example]"), group.example || task?.title || "");
    const command = find(item, "[data-command]");
    setText(command, group.command);
    command.hidden = !group.command;
    find(item, "details").hidden = !group.example && !group.command;
  }

  private bindGroup(item: HTMLElement, group: () => RadarGroup): void {
    find(item, "[data-send-hint]").addEventListener("click", () => this.acts.hint(group().members, suggestionFor(group())));
    find(item, "[data-select-group]").addEventListener("click", () => this.acts.select(group().members));
  }

  private bindHand(item: HTMLElement, row: () => Row): void {
    find<HTMLAnchorElement>(item, "[data-hand-name]").href = `${this.room}participants/${row().id}/`;
    const button = find<HTMLButtonElement>(item, "[data-hand-lower]");
    button.addEventListener("click", () => this.acts.lower(row().id, button));
  }
}

/** The items of a list, each made once of a template, and known by its key. */
class Keyed<Fact> {
  private readonly list: HTMLElement;
  private readonly template: HTMLTemplateElement;
  private readonly items = new Map<string, { readonly element: HTMLElement; fact: Fact }>();

  constructor(
    page: HTMLElement,
    list: string,
    template: string,
    private readonly bind: (item: HTMLElement, fact: () => Fact) => void,
  ) {
    this.list = find(page, list);
    this.template = find<HTMLTemplateElement>(page, template);
  }

  draw(facts: ReadonlyMap<string, Fact>, fill: (item: HTMLElement, fact: Fact) => void): void {
    for (const [key, { element }] of this.items) {
      if (facts.has(key)) continue;
      element.remove();
      this.items.delete(key);
    }
    const elements = [...facts].map(([key, fact]) => {
      const item = this.itemOf(key, fact);
      fill(item, fact);
      return item;
    });
    arrange<ChildNode>(this.list, elements);
  }

  private itemOf(key: string, fact: Fact): HTMLElement {
    const known = this.items.get(key);
    if (known) {
      known.fact = fact;
      return known.element;
    }
    const made = { element: this.template.content.firstElementChild?.cloneNode(true) as HTMLElement, fact };
    this.items.set(key, made);
    this.bind(made.element, () => made.fact);
    return made.element;
  }
}
