import { make } from "../dom.ts";
import type { Entry, Files } from "./api.ts";

/** The folders and files of the home. A folder is asked for when it is opened, and again whenever one looks. */
export class FileList {
  private readonly home: Folder;
  private current = "";

  constructor(
    private readonly list: HTMLElement,
    files: Files,
    private readonly open: (path: string) => void,
  ) {
    this.home = new Folder("", list, files, (path) => this.open(path), () => this.mark(this.current));
  }

  refresh(): Promise<void> {
    return this.home.refresh();
  }

  /** Show which file is open. */
  mark(path: string): void {
    this.current = path;
    for (const button of this.list.querySelectorAll<HTMLElement>("[data-path]")) {
      if (button.dataset["path"] === path) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }
}

class Folder {
  private known = "";
  private readonly folders = new Map<string, { item: HTMLElement; box: HTMLDetailsElement; folder: Folder }>();

  constructor(
    private readonly path: string,
    private readonly list: HTMLElement,
    private readonly files: Files,
    private readonly open: (path: string) => void,
    private readonly onDraw: () => void,
  ) {}

  /** Ask what is in it, and in the folders that are open in it; what cannot be told stays as it is. */
  async refresh(): Promise<void> {
    const reply = await this.files.list(this.path);
    if (reply.kind === "not-there") this.draw([]);
    if (reply.kind === "ok") this.draw([...reply.body.entries].sort(inOrder));
    const open = [...this.folders.values()].filter(({ box }) => box.open);
    await Promise.all(open.map(({ folder }) => folder.refresh()));
  }

  private draw(entries: Entry[]): void {
    const known = JSON.stringify(entries.map(({ name, folder }) => [name, folder]));
    if (known === this.known) return;
    this.known = known;
    const focused = this.list.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
    for (const name of this.folders.keys()) {
      if (!entries.some((entry) => entry.folder && entry.name === name)) this.folders.delete(name);
    }
    this.list.replaceChildren(...entries.map((entry) => (entry.folder ? this.folder(entry.name) : this.file(entry.name))));
    this.onDraw();
    if (!focused) return;
    const path = focused.dataset["path"];
    const again = [...this.list.querySelectorAll<HTMLElement>("[data-path]")].find((one) => path && one.dataset["path"] === path);
    (again ?? focused).focus();
  }

  private file(name: string): HTMLElement {
    const item = make("li");
    const button = make("button", `file${isHidden(name) ? " is-hidden" : ""}`, name);
    button.type = "button";
    button.dataset["path"] = this.inside(name);
    button.addEventListener("click", () => this.open(this.inside(name)));
    item.append(button);
    return item;
  }

  private folder(name: string): HTMLElement {
    const known = this.folders.get(name);
    if (known) return known.item;
    const item = make("li");
    const box = make("details");
    const list = make("ul");
    box.append(make("summary", `folder${isHidden(name) ? " is-hidden" : ""}`, name), list);
    item.append(box);
    const folder = new Folder(this.inside(name), list, this.files, this.open, this.onDraw);
    box.addEventListener("toggle", () => box.open && void folder.refresh());
    this.folders.set(name, { item, box, folder });
    return item;
  }

  private inside(name: string): string {
    return this.path ? `${this.path}/${name}` : name;
  }
}

function isHidden(name: string): boolean {
  return name.startsWith(".");
}

/** Folders first; what begins with a dot, last. */
function inOrder(one: Entry, other: Entry): number {
  return (
    Number(isHidden(one.name)) - Number(isHidden(other.name)) ||
    Number(other.folder) - Number(one.folder) ||
    one.name.localeCompare(other.name)
  );
}
