import { make } from "../dom.ts";
import { say } from "../strings.ts";

/** What can be done with one learner. */
export type Deed = "watch" | "note" | "hand" | "done" | "rename" | "restart" | "reset" | "extend" | "code" | "remove";

export interface MenuDoors {
  /** Whether a deed makes sense for this learner now. */
  isOffered(id: number, deed: Deed): boolean;
  act(id: number, deed: Deed): void;
}

const DEEDS: Deed[] = ["watch", "note", "hand", "done", "extend", "restart", "reset", "code", "rename", "remove"];

/** Return a menu of what can be done with a learner; what is in it is decided when it is opened. */
export function rowMenu(id: number, doors: MenuDoors): HTMLElement {
  const menu = make("details", "menu row-menu");
  const summary = make("summary");
  summary.append(make("span", "visually-hidden", say("menu")), make("span", "row-dots", "⋮"));
  const items = make("div", "menu-items");
  menu.append(summary, items);
  menu.addEventListener("toggle", () => {
    items.replaceChildren();
    if (!menu.open) return;
    for (const deed of DEEDS.filter((one) => doors.isOffered(id, one))) {
      const button = make("button", "", say(`deed-${deed}`));
      button.type = "button";
      button.dataset["deed"] = deed;
      button.addEventListener("click", () => {
        menu.open = false;
        doors.act(id, deed);
      });
      items.append(button);
    }
  });
  return menu;
}
