import { make } from "../dom.ts";
import { say } from "../strings.ts";
import { showProgress } from "./progress.ts";

interface Judgement {
  readonly right: boolean;
  readonly why: string;
}

/** Judge quizzes in place. Whatever goes wrong, the form is posted as it would be without a script. */
export function bindQuizzes(page: ParentNode): void {
  for (const form of page.querySelectorAll<HTMLFormElement>("[data-quiz] form")) {
    form.addEventListener("submit", (event) => {
      if (!say("quiz-right")) return;
      event.preventDefault();
      void answer(form);
    });
  }
}

async function answer(form: HTMLFormElement): Promise<void> {
  try {
    show(form, await judge(form));
  } catch {
    form.submit();
  }
}

async function judge(form: HTMLFormElement): Promise<Judgement> {
  const response = await fetch(form.action, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new FormData(form),
    redirect: "error",
  });
  const body: unknown = await response.json();
  if (response.ok && typeof body === "object" && body && "right" in body && "why" in body) {
    return { right: body.right === true, why: String(body.why) };
  }
  throw new Error("This answer was not judged.");
}

function show(form: HTMLFormElement, { right, why }: Judgement): void {
  const quiz = form.closest<HTMLElement>("[data-quiz]");
  const result = form.querySelector<HTMLElement>(".quiz-result");
  result?.setAttribute("data-right", String(right));
  result?.replaceChildren(make("strong", "", say(right ? "quiz-right" : "quiz-wrong")), " ");
  // Words of the lesson, with its code and its story switch: rendered and cleaned by the server, as on the page itself.
  result?.insertAdjacentHTML("beforeend", why);
  for (const option of form.querySelectorAll(".quiz-option")) {
    option.classList.toggle("quiz-chosen", option.querySelector("input")?.checked ?? false);
  }
  if (!right || !quiz) return;
  quiz.dataset["state"] = "done";
  const status = form.querySelector(".quiz-status");
  if (status) status.textContent = say("quiz-done");
  showProgress(document);
}
