import type { FlowEvent } from "../protocol.ts";
import { Group } from "./group.ts";
import type { Command, Story } from "./story.ts";

/** A story as the page shows it: the newest command open, those before it as lines that open. */
export class Scene {
  private readonly groups = new Map<Command, Group>();
  private newest: Command | null = null;

  constructor(
    private readonly list: HTMLElement,
    private readonly onToggle: (group: Group) => void = () => undefined,
  ) {}

  /** Draw what changed in the story. */
  draw(story: Story, changed: Iterable<Command>): void {
    const kept = new Set(story.commands);
    for (const [command, group] of this.groups) if (!kept.has(command)) this.drop(command, group);
    const fresh = [...changed].filter((command) => kept.has(command));
    for (const command of fresh) this.group(command, story).draw();
    const [newest = null] = story.commands;
    if (newest !== this.newest) this.turnTo(newest);
  }

  clear(): void {
    this.groups.clear();
    this.newest = null;
    this.list.replaceChildren();
  }

  of(command: Command | null): Group | undefined {
    return command ? this.groups.get(command) : undefined;
  }

  /** Return the row in which a call is shown. */
  rowOf(event: FlowEvent): HTMLElement | undefined {
    return [...this.groups.values()].find((group) => group.command.order === event.order)?.rowOf(event);
  }

  private turnTo(newest: Command | null): void {
    for (const group of this.groups.values()) if (group.isOpen && !group.isRead) group.open(false);
    this.of(newest)?.open(true);
    this.newest = newest;
  }

  private group(command: Command, story: Story): Group {
    const known = this.groups.get(command);
    if (known) return known;
    const group = new Group(command, this.onToggle);
    this.groups.set(command, group);
    const later = story.commands.slice(0, story.commands.indexOf(command));
    const above = later.filter((one) => this.groups.has(one)).at(-1);
    if (above) this.of(above)?.item.after(group.item);
    else this.list.prepend(group.item);
    return group;
  }

  private drop(command: Command, group: Group): void {
    group.item.remove();
    this.groups.delete(command);
  }
}
