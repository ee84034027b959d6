import { find, make, setText } from "../../dom.ts";
import { say } from "../../strings.ts";
import type { ContainerState, Objects } from "../protocol.ts";
import { nameOf } from "./changes.ts";
import { ASKED, commandsFor } from "./commands.ts";
import { factsOf, placeFacts, usersOf, type Fact } from "./facts.ts";
import type { Thing } from "./things.ts";

export interface Doors {
  /** Type a command into the learner's terminal. */
  run(command: string): void;
  /** The address of a published port; null if it cannot be visited. */
  visit(container: string, port: number): string | null;
}

/** All about the chosen thing, and what can be done with it. */
export class Details {
  private shown = "";

  constructor(
    private readonly box: HTMLElement,
    private readonly doors: Doors,
  ) {}

  get isOpen(): boolean {
    return !this.box.hidden;
  }

  show(thing: Thing, objects: Objects): void {
    const visits = thing.kind === "container" ? this.visits(thing.is) : [];
    this.draw(say(`map-kind-${thing.kind}`), nameOf(thing), () => factsOf(thing, objects), visits, commandsFor(thing),
      JSON.stringify([thing, visits, usersOf(thing, objects), objects.images.length]));
  }

  /** Client, daemon or registry; `seen` are the images that went to the registry or came from it. */
  showPlace(place: string, objects: Objects, seen: readonly string[]): void {
    const facts = placeFacts(place, objects, seen);
    this.draw(say("map-kind-place"), say(`map-place-${place}`), () => facts, [], ASKED[place] ?? [], JSON.stringify([place, facts]));
  }

  close(): void {
    this.box.hidden = true;
    this.shown = "";
  }

  focus(): void {
    find(this.box, "[data-title]").focus();
  }

  private draw(kind: string, name: string, facts: () => readonly Fact[], visits: readonly Visit[], commands: readonly string[], key: string): void {
    this.box.hidden = false;
    if (key === this.shown) return;
    this.shown = key;
    const focused = document.activeElement instanceof HTMLElement && this.box.contains(document.activeElement) ? document.activeElement : null;
    setText(find(this.box, "[data-kind-name]"), kind);
    setText(find(this.box, "[data-title-name]"), name);
    find(this.box, "[data-facts]").replaceChildren(...facts().flatMap(row));
    find(this.box, "[data-visit]").replaceChildren(...visits.map(link));
    find(this.box, "[data-commands]").replaceChildren(...commands.map((command) => this.button(command)));
    find(this.box, "[data-commands-title]").hidden = commands.length === 0;
    if (focused) this.refocus(focused);
  }

  /** The keyboard stays at the same command if it is still there. */
  private refocus(focused: HTMLElement): void {
    if (focused.isConnected) return;
    const all = [...this.box.querySelectorAll<HTMLElement>("button, a")];
    (all.find((one) => one.textContent === focused.textContent) ?? find(this.box, "[data-title]")).focus();
  }

  private button(command: string): HTMLElement {
    const button = make("button", "map-command", command);
    button.type = "button";
    button.addEventListener("click", () => this.doors.run(command));
    return button;
  }

  private visits({ name, ports }: ContainerState): readonly Visit[] {
    const published = new Set(ports.filter(({ protocol }) => protocol === "tcp").map(({ host }) => host));
    return [...published].flatMap((port) => {
      const address = port === null ? null : this.doors.visit(name, port);
      return address === null || port === null ? [] : [{ port, address }];
    });
  }
}

interface Visit {
  readonly port: number;
  readonly address: string;
}

function link({ port, address }: Visit): HTMLElement {
  const element = make("a", "visit", say("map-visit", { port }));
  element.href = address;
  element.target = "_blank";
  element.rel = "noopener";
  element.append(make("span", "visually-hidden", ` ${say("new-tab")}`));
  return element;
}

function row([term, value]: Fact): HTMLElement[] {
  const definition = make("dd");
  definition.append(value);
  return [make("dt", "", term), definition];
}
