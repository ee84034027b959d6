import { keepChoice, loadChoice, STORY, THEME, type Choice } from "./choices.ts";

const CHOICES: Record<string, Choice> = { theme: THEME, story: STORY };

/**
 * Bind the controls of the reader's choices. `<button data-choice="theme" data-value="dark">` sets a value and is
 * pressed while it holds; without a data-value a button goes on to the next value.
 */
export function bindChoices(page: Document): void {
  const buttons = [...page.querySelectorAll<HTMLButtonElement>("button[data-choice]")];
  const draw = (): void => buttons.forEach((button) => show(button));
  for (const button of buttons) {
    button.addEventListener("click", () => {
      press(button);
      draw();
    });
  }
  draw();
}

function press(button: HTMLButtonElement): void {
  const name = button.dataset["choice"] ?? "";
  const choice = CHOICES[name];
  if (!choice) return;
  const value = button.dataset["value"] ?? valueAfter(choice, loadChoice(choice));
  document.documentElement.dataset[name] = value;
  keepChoice(choice, value);
}

/** A button of one value is pressed while that value holds; one that goes through all, while it is not the last. */
function show(button: HTMLButtonElement): void {
  const name = button.dataset["choice"] ?? "";
  const current = document.documentElement.dataset[name];
  const pressedAt = button.dataset["value"] ?? CHOICES[name]?.values[0];
  button.setAttribute("aria-pressed", String(current === pressedAt));
}

export function valueAfter({ values }: Choice, value: string): string {
  return values[(values.indexOf(value) + 1) % values.length] ?? values[0];
}
