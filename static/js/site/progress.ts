import { setText } from "../dom.ts";

/** Bring the page's progress up to date: what is done of its tasks and quizzes. A page that is not enrolled shows none. */
export function showProgress(page: ParentNode): void {
  const done = page.querySelectorAll(':is([data-task], [data-quiz])[data-state="done"]').length;
  for (const bar of page.querySelectorAll<HTMLProgressElement>("progress[data-progress]")) bar.value = done;
  for (const stamp of page.querySelectorAll<HTMLElement>("[data-stamp]")) stamp.hidden = done < Number(stamp.dataset["stamp"]);
  for (const number of page.querySelectorAll("[data-progress-done]")) setText(number, String(done));
}
