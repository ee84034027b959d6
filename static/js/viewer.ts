/** The viewer, for a page that opens it later. */
import { Viewer } from "./classroom/viewer.ts";
import { loadStrings } from "./strings.ts";

export function openViewer(root: HTMLElement): Viewer {
  loadStrings();
  return new Viewer(root);
}
