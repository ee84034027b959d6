/** What a click on a block's Run button needs. */
export interface Runner {
  /** Type it into the shell; false if no shell listens. Never later. */
  run(command: string): boolean;
  /** Bring the terminal into view and give it the keyboard. */
  reveal(): void;
  /** Say that nothing was sent. */
  refuse(): void;
}

/** Let the Run buttons of code blocks type into the terminal: once for each click, and only at the click. */
export function bindRunButtons(page: Document, runner: Runner): void {
  page.addEventListener("click", (event) => {
    const button = (event.target as Element | null)?.closest?.<HTMLButtonElement>("button.code-run");
    if (button) runBlock(button.closest<HTMLElement>("[data-run]")?.dataset["run"], runner);
  });
}

export function runBlock(command: string | undefined, runner: Runner): void {
  if (!command) return;
  if (runner.run(command)) runner.reveal();
  else runner.refuse();
}
