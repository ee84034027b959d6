import { find, setText } from "../dom.ts";
import { loadStrings, say } from "../strings.ts";
import type { ClassroomFrame } from "./protocol.ts";
import type { Viewer } from "./viewer.ts";

/** What an instructor shows: a quiet line that it is there, and the viewer in a dialog. It ends by itself. */
export class StageDialog {
  private readonly dialog: HTMLDialogElement;
  private viewer: Viewer | null = null;
  private isLoading = false;

  constructor(
    root: HTMLElement,
    private readonly banner: HTMLElement,
    private readonly url: string,
  ) {
    this.dialog = find<HTMLDialogElement>(root, "[data-stage-dialog]");
    const look = find(banner, "[data-look]");
    look.addEventListener("click", () => void this.open(root.dataset["viewer"] ?? ""));
    find(this.dialog, "[data-close]").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.dialog.close();
    });
    this.dialog.addEventListener("close", () => {
      this.viewer?.stop();
      look.focus();
    });
  }

  show(showing: ClassroomFrame["showing"]): void {
    this.banner.hidden = showing === null;
    const text = showing ? say("shows", { name: showing.name }) : "";
    setText(find(this.banner, "[data-showing-text]"), text);
    if (showing) setText(find(this.dialog, "[data-stage-title]"), text);
    else if (this.dialog.open) this.dialog.close();
  }

  private async open(script: string): Promise<void> {
    if (this.isLoading || this.dialog.open) return;
    this.isLoading = true;
    // Not modal: who watches, and the way to take the keyboard back, stay in view and in reach.
    this.dialog.show();
    try {
      this.viewer ??= await this.load(script);
      if (this.dialog.open) this.viewer.start();
    } catch {
      setText(find(this.dialog, "[data-stage-error]"), say("stage-not-loaded"));
    } finally {
      this.isLoading = false;
    }
  }

  /** Few look, so the page brings neither the viewer's script nor its elements. */
  private async load(script: string): Promise<Viewer> {
    const [{ openViewer }, response] = await Promise.all([
      import(script) as Promise<typeof import("../viewer.ts")>,
      fetch(this.url, { credentials: "same-origin", redirect: "error" }),
    ]);
    if (!response.ok) throw new Error("The viewer was not given.");
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    renameIds(page);
    const place = find(this.dialog, "[data-stage-place]");
    place.replaceChildren(...page.body.children);
    loadStrings(place);
    return openViewer(find(place, "[data-viewer]"));
  }
}

/** The lesson's own workspace has the same parts: an id is one element's. Pictures are the same, and may stay so. */
function renameIds(page: Document): void {
  for (const part of page.querySelectorAll("[id]:not(symbol)")) part.id = `shown-${part.id}`;
  for (const template of page.querySelectorAll("template")) renameReferences(template.content);
  renameReferences(page);
}

function renameReferences(root: ParentNode): void {
  for (const name of ["aria-controls", "aria-labelledby", "aria-describedby"]) {
    for (const part of root.querySelectorAll(`[${name}]`)) part.setAttribute(name, `shown-${part.getAttribute(name)}`);
  }
}
