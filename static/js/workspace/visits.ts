import { find, make } from "../dom.ts";
import { say } from "../strings.ts";
import type { Announcer } from "./announce.ts";
import type { Published } from "./protocol.ts";

/** Links to what running containers publish: there while the containers are. */
export class Visits {
  private readonly strip: HTMLElement;
  private shown: readonly Published[] = [];
  private code = "";

  constructor(
    workspace: HTMLElement,
    private readonly sandboxUrl: string,
    private readonly announcer: Announcer,
  ) {
    this.strip = find(workspace, "[data-visits]");
  }

  show(code: string, ports: readonly Published[]): void {
    if (JSON.stringify(ports) === JSON.stringify(this.shown)) return;
    const before = new Set(this.shown.map(nameOf));
    const come = ports.map(nameOf).filter((name) => !before.has(name));
    this.shown = ports;
    this.code = code;
    this.draw();
    if (come.length) this.announcer.say(say("visits-come", { names: come.join(", ") }));
  }

  clear(): void {
    this.show("", []);
  }

  /** Return where a container's port can be visited; null if it cannot. */
  address(container: string, port: number): string | null {
    const isShown = this.shown.some((one) => one.container === container && one.port === port);
    return isShown ? this.addressOf(port) : null;
  }

  private addressOf(port: number): string {
    return `${this.sandboxUrl}${this.code}/visit/${port}/`;
  }

  private draw(): void {
    const list = find(this.strip, "[data-visits-list]");
    const focused = [...list.children].findIndex((item) => item.contains(document.activeElement));
    list.replaceChildren(...this.shown.map((port) => linkTo(this.addressOf(port.port), port)));
    this.strip.hidden = this.shown.length === 0;
    // The keyboard stays where it was, or nearby.
    if (focused >= 0) list.querySelectorAll("a")[Math.min(focused, this.shown.length - 1)]?.focus();
  }
}

function linkTo(address: string, published: Published): HTMLElement {
  const link = make("a", "visit", nameOf(published));
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener";
  link.append(make("span", "visually-hidden", ` ${say("new-tab")}`));
  const item = make("li");
  item.append(link);
  return item;
}

function nameOf({ container, port }: Published): string {
  return `${container} :${port}`;
}
