import { make } from "../dom.ts";
import { say } from "../strings.ts";

/** Show solutions in place, so that a page with a terminal on it need not load again. Without a script the form does it. */
export function bindSolutions(page: ParentNode): void {
  for (const form of page.querySelectorAll<HTMLFormElement>("form[data-solution]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void reveal(form);
    });
  }
}

async function reveal(form: HTMLFormElement): Promise<void> {
  try {
    show(form, await solutionOf(form));
  } catch {
    form.submit();
  }
}

async function solutionOf(form: HTMLFormElement): Promise<string> {
  const response = await fetch(form.action, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new FormData(form),
    redirect: "error",
  });
  const body: unknown = await response.json();
  if (response.ok && typeof body === "object" && body && "html" in body) return String(body.html);
  throw new Error("This solution was not shown.");
}

function show(form: HTMLFormElement, html: string): void {
  const details = make("details", "task-solution");
  details.open = true;
  details.append(make("summary", "", say("solution-shown")));
  // Commands of the lesson, rendered and escaped by the server, as on the page itself.
  details.insertAdjacentHTML("beforeend", html);
  form.replaceWith(details);
  details.querySelector("summary")?.focus();
}
