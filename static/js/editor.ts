/** The editor beside the terminal. It is loaded when it is opened first, as few pages need it at once. */
import { HomeFiles } from "./editor/api.ts";
import { Drafts } from "./editor/drafts.ts";
import { Editor, type Host } from "./editor/editor.ts";
import { loadStrings } from "./strings.ts";

export interface EditorHost extends Host {
  readonly csrf: string;
  /** The address of the learner's sandbox, or null while there is none. */
  place(): string | null;
}

export function openEditor(panel: HTMLElement, host: EditorHost): Editor {
  loadStrings();
  const editor = new Editor(panel, new HomeFiles(() => host.place(), host.csrf), new Drafts(host.learner), host);
  void editor.start();
  return editor;
}
