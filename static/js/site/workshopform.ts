/**
 * The form of a workshop. The server fills it in UTC, since it does not know where the instructor is; here its times are
 * brought into the browser's time zone, whose name the form then sends. A form that came back keeps the zone it was sent with.
 */
const HOUR = 3_600_000;

export function bindWorkshopForms(page: ParentNode): void {
  for (const form of page.querySelectorAll<HTMLFormElement>("form[data-workshop-form]")) {
    if (!("bound" in form.dataset)) bringHome(form);
    bindCourse(form);
  }
}

function bringHome(form: HTMLFormElement): void {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hidden = form.querySelector<HTMLInputElement>("input[name=zone]");
  if (!zone || !hidden) return;
  for (const input of form.querySelectorAll<HTMLInputElement>("input[type=datetime-local]")) {
    const at = new Date(`${input.value}Z`);
    if (Number.isNaN(at.getTime())) return;
    input.value = localValue("new" in form.dataset ? nextFullHour(at) : at);
  }
  hidden.value = zone;
  for (const name of form.querySelectorAll("[data-zone-name]")) name.textContent = zone;
}

/** Return a time as a datetime-local has it, in the browser's time zone. */
export function localValue(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Return the time itself if it is a full hour here: where clocks go half an hour from UTC's, UTC's full hours are none. */
export function nextFullHour(at: Date): Date {
  const past = at.getMinutes() * 60_000;
  return past ? new Date(at.getTime() + HOUR - past) : at;
}

/** Show the days of the chosen course alone. */
function bindCourse(form: HTMLFormElement): void {
  const select = form.querySelector<HTMLSelectElement>("select[name=course]");
  const show = (): void => {
    for (const days of form.querySelectorAll<HTMLElement>("[data-course-days]")) {
      days.hidden = days.dataset["courseDays"] !== select?.value;
    }
  };
  select?.addEventListener("change", show);
  show();
}
