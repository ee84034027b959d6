/** Show times, which the server writes in UTC, in the reader's own time zone and language. */
export function showLocalTimes(page: ParentNode, language = document.documentElement.lang): void {
  const format = new Intl.DateTimeFormat(language, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "numeric",
    minute: "2-digit",
  });
  for (const time of page.querySelectorAll<HTMLTimeElement>("time[data-local]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = time.textContent ?? "";
    time.textContent = format.format(at);
  }
  for (const span of page.querySelectorAll<HTMLElement>("[data-local-span]")) {
    const [from, to] = [...span.querySelectorAll("time")].map((time) => new Date(time.dateTime));
    if (from && to && from <= to) span.textContent = format.formatRange(from, to); // says a day once
  }
}
