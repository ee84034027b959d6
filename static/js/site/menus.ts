/** Small menus open without a script; with one they also close on Escape, and when something else is meant. */
export function bindMenus(page: Document): void {
  const open = (): HTMLDetailsElement[] => [...page.querySelectorAll<HTMLDetailsElement>("details.menu[open]")];
  page.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target as Node)) menu.open = false;
  });
  page.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      if (menu.contains(page.activeElement)) menu.querySelector("summary")?.focus();
    }
  });
}
