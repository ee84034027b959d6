import { make } from "../dom.ts";
import { say } from "../strings.ts";

const KEEP = 5;
const SHOWN_FOR = 7_000;

/** Short news of what a button has done; an error stays until it is closed. */
export class Toasts {
  constructor(private readonly place: HTMLElement) {
    place.addEventListener("click", (event) => (event.target as Element).closest(".console-toast")?.remove());
  }

  say(text: string): void {
    const toast = this.add(text, "status");
    window.setTimeout(() => toast.remove(), SHOWN_FOR);
  }

  fail(text: string): void {
    this.add(text, "alert");
  }

  private add(text: string, role: "status" | "alert"): HTMLElement {
    const toast = make("div", "console-toast");
    toast.setAttribute("role", role);
    const close = make("button", "console-more", "×");
    close.type = "button";
    close.ariaLabel = say("close");
    toast.append(make("span"), close);
    this.place.append(toast);
    while (this.place.children.length > KEEP) this.place.firstElementChild?.remove();
    // Screen readers say what comes into a region that is there already.
    requestAnimationFrame(() => toast.firstElementChild?.append(text));
    return toast;
  }
}
