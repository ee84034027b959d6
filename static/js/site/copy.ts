import { say } from "../strings.ts";

const SHOWN_FOR = 2_000;

/** Let the Copy buttons of code blocks put the block's text on the clipboard. */
export function bindCopyButtons(page: Document): void {
  page.addEventListener("click", (event) => {
    const button = (event.target as Element | null)?.closest?.<HTMLButtonElement>("button.code-copy");
    const text = button?.closest("figure")?.querySelector("code")?.textContent;
    if (button && text) void copy(text.replace(/\n$/, ""), button);
  });
}

async function copy(text: string, button: HTMLButtonElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    flash(button, say("code-copied") || "✓");
  } catch {
    flash(button, say("code-copy-failed") || "✗");
  }
}

/** Show an outcome on the button for a moment; a status for screen readers, as the button keeps the focus. */
function flash(button: HTMLButtonElement, text: string): void {
  button.dataset["usual"] ??= button.textContent ?? "";
  button.setAttribute("aria-live", "polite");
  button.textContent = text;
  window.setTimeout(() => (button.textContent = button.dataset["usual"] ?? ""), SHOWN_FOR);
}
