import { find, setText } from "../dom.ts";
import type { EditorHost } from "../editor.ts";
import { Drafts } from "../editor/drafts.ts";
import type { Editor } from "../editor/editor.ts";
import { say } from "../strings.ts";

/** The editor's place: its script is loaded when it is opened first, or when an earlier page left work to be saved. */
export class EditorPanel {
  private editor: Editor | null = null;
  private loading = false;

  constructor(
    private readonly panel: HTMLElement,
    private readonly host: EditorHost,
  ) {}

  /** The panel came into view. */
  show(): void {
    if (this.editor) this.editor.look();
    else void this.load();
  }

  /** The sandbox runs: what waits for it can go on. */
  wake(): void {
    if (this.editor) this.editor.wake();
    else if (new Drafts(this.host.learner).paths.length) void this.load();
  }

  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      const { openEditor } = (await import(this.panel.dataset["script"] ?? "")) as typeof import("../editor.ts");
      this.editor = openEditor(this.panel, this.host);
    } catch {
      setText(find(this.panel, "[data-message]"), say("editor-not-loaded"));
    } finally {
      this.loading = false;
    }
  }
}
