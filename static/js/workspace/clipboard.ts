import type { Terminal } from "@xterm/xterm";
import { say } from "../strings.ts";

/** A paste larger than this is asked about first. */
const ASK_ABOVE = 1024 * 1024;

export interface Desk {
  notice(text: string): void;
  leave(): void;
  search(): void;
  zoom(by: number): void;
}

/** Take the keys that are the page's, not the shell's: copy, paste, search, letter size, and the way out. */
export function bindKeys(terminal: Terminal, desk: Desk): void {
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown") return true;
    const action = actionOf(event, terminal);
    if (!action) return true;
    if (action === "native") return false;
    event.preventDefault();
    event.stopPropagation();
    if (action === "copy") void copy(terminal, desk);
    else if (action === "leave") desk.leave();
    else if (action === "search") desk.search();
    else desk.zoom(action === "larger" ? 1 : -1);
    return false;
  });
}

type Action = "copy" | "native" | "leave" | "search" | "larger" | "smaller";
type Key = Pick<KeyboardEvent, "code" | "key" | "ctrlKey" | "shiftKey" | "altKey" | "metaKey">;
type State = Pick<Terminal, "hasSelection"> & { buffer: { active: { type: "normal" | "alternate" } } };

/** Return what the page does with a key, or null for a key that is the shell's. */
export function actionOf(key: Key, terminal: State): Action | null {
  // Programs that fill the screen use F6 themselves; Ctrl+Shift+Space leaves those.
  if (key.key === "F6" && !key.ctrlKey && !key.altKey) return terminal.buffer.active.type === "normal" ? "leave" : null;
  if (!key.ctrlKey || key.altKey || key.metaKey) return null;
  if (key.shiftKey) {
    if (key.code === "KeyC") return "copy";
    if (key.code === "KeyV") return "native"; // the browser pastes
    if (key.code === "KeyF") return "search";
    if (key.code === "Space") return "leave";
    if (key.code === "Equal" || key.code === "NumpadAdd") return "larger";
    if (key.code === "Minus" || key.code === "NumpadSubtract") return "smaller";
    return null;
  }
  // Whoever has just marked text means to copy it; the next Ctrl+C interrupts.
  return key.code === "KeyC" && terminal.hasSelection() ? "copy" : null;
}

async function copy(terminal: Terminal, desk: Desk): Promise<void> {
  const text = terminal.getSelection();
  if (!text) return;
  try {
    await navigator.clipboard.writeText(text);
    terminal.clearSelection();
    desk.notice(say("copied"));
  } catch {
    desk.notice(say("copy-failed"));
  }
}

/** Take pastes before the browser puts them into xterm.js's hidden field, where ten megabytes would freeze the page. */
export function bindPaste(host: HTMLElement, terminal: Terminal): void {
  const onPaste = (event: ClipboardEvent): void => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const text = withoutPasteMarks(event.clipboardData?.getData("text/plain") ?? "");
    if (!text) return;
    const size = (text.length / 1024 / 1024).toFixed(1);
    if (text.length > ASK_ABOVE && !window.confirm(say("paste-large", { size }))) return;
    terminal.paste(text);
  };
  host.addEventListener("paste", onPaste, { capture: true });
}

/** A text that brings its own end-of-paste mark could run what follows it. */
export function withoutPasteMarks(text: string): string {
  return text.replace(/\u001b\[20[01]~/g, "");
}
