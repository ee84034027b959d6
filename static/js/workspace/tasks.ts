import { make, setText } from "../dom.ts";
import { showProgress } from "../site/progress.ts";
import { say } from "../strings.ts";
import { request } from "./api.ts";
import type { Announcer } from "./announce.ts";
import type { TaskEvent } from "./protocol.ts";

/** A check that has not been answered by then says so. */
const ANSWER_WITHIN = 5_000;
const CELEBRATE = 2_500;

/** The lesson's tasks: ticked by the server's events, checked on request, with what was found and expected. */
export class Tasks {
  private readonly checking = new Map<string, number>();
  private readonly wanted = new Set<string>();
  private begun = false;

  constructor(
    private readonly page: ParentNode,
    private readonly checkUrl: string,
    private readonly csrf: string,
    private readonly announcer: Announcer,
  ) {
    for (const button of page.querySelectorAll<HTMLButtonElement>("button[data-check]")) {
      button.addEventListener("click", () => void this.check(button.dataset["check"] ?? ""));
    }
  }

  /** The learner has set to work: from now on, the first open task tells what is missing without being asked. */
  begin(): void {
    this.begun = true;
  }

  apply(event: TaskEvent): void {
    const task = this.find(event.task);
    if (!task) return;
    this.answered(event.task);
    const wasDone = task.dataset["state"] === "done";
    task.dataset["state"] = event.state;
    this.status(task, say(event.state === "done" ? "task-done" : "task-open"));
    if (event.state === "done" || this.wants(task, event.task)) this.feedback(task, event);
    showProgress(this.page);
    if (event.state === "done" && !wasDone) this.celebrate(task);
  }

  /** Ask the server to look now. Tasks are ticked without it; it is for the impatient. */
  async check(id: string): Promise<void> {
    const task = this.find(id);
    if (!task || this.checking.has(id)) return;
    this.status(task, say("task-checking"));
    this.wanted.add(id);
    this.checking.set(id, window.setTimeout(() => this.unanswered(id, say("task-no-answer")), ANSWER_WITHIN));
    try {
      const response = await request(this.checkUrl, "POST", this.csrf, { task: id });
      if (!response.ok) this.unanswered(id, (await problem(response)) || say("task-check-failed"));
    } catch {
      this.unanswered(id, say("task-check-failed"));
    }
  }

  private find(id: string): HTMLElement | undefined {
    return [...this.page.querySelectorAll<HTMLElement>("[data-task]")].find((task) => task.dataset["task"] === id);
  }

  /** Every change has all open tasks checked; hints on those a learner has not come to yet would only be in the way. */
  private wants(task: HTMLElement, id: string): boolean {
    if (this.wanted.has(id)) return true;
    return this.begun && task === this.page.querySelector('[data-task]:not([data-state="done"])');
  }

  private answered(id: string): boolean {
    clearTimeout(this.checking.get(id));
    return this.checking.delete(id);
  }

  private unanswered(id: string, text: string): void {
    const task = this.find(id);
    if (!task || !this.answered(id)) return;
    this.status(task, say(task.dataset["state"] === "done" ? "task-done" : "task-open"));
    task.querySelector(".task-feedback")?.replaceChildren(make("span", "task-hint-now", text));
  }

  private status(task: HTMLElement, text: string): void {
    const status = task.querySelector(".task-status");
    if (status) setText(status, text);
  }

  private feedback(task: HTMLElement, event: TaskEvent): void {
    const box = task.querySelector(".task-feedback");
    if (!box) return;
    const lines = (event.state === "done" ? [] : feedbackLines(event)).map(({ name, text }) => labelled(name, text));
    // The box is a live region: what has not changed is not said again.
    if (lines.map((line) => line.textContent).join("") !== box.textContent) box.replaceChildren(...lines);
  }

  private celebrate(task: HTMLElement): void {
    const heading = task.querySelector(".task-ask")?.textContent?.trim() ?? "";
    this.announcer.say(say("task-done-announced", { task: heading }));
    task.classList.add("is-celebrating");
    window.setTimeout(() => task.classList.remove("is-celebrating"), CELEBRATE);
  }
}

type Part = "found" | "expected" | "hint";

/** Return the parts of a feedback that have something to say, in the order they are read. */
export function feedbackLines(event: Pick<TaskEvent, Part>): { name: Part; text: string }[] {
  const parts: Part[] = ["found", "expected", "hint"];
  return parts.flatMap((name) => (event[name] ? [{ name, text: event[name] }] : []));
}

function labelled(name: Part, text: string): HTMLElement {
  // The box is a paragraph, which holds no other.
  const line = make("span", `task-${name}-now`);
  const label = say(`task-${name}`);
  if (label) line.append(make("strong", "", label), " ");
  line.append(text);
  return line;
}

async function problem(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { error?: unknown };
    return typeof body.error === "string" ? body.error : "";
  } catch {
    return "";
  }
}
