import { say } from "../strings.ts";

/** What was kept of the learner's home, and when; `savedAt` is null if nothing was. */
export interface Kept {
  readonly savedAt: number | null;
  readonly leftOut: number;
}

/** From so many seconds before the end on, seconds are shown. */
export const LAST_SECONDS = 10 * 60;

/** Show seconds as hours and minutes, 1:23, or near the end as minutes and seconds, 9:59. */
export function clock(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds));
  const two = (number: number): string => String(number).padStart(2, "0");
  const minutes = Math.floor(left / 60);
  if (left <= LAST_SECONDS) return `${minutes}:${two(left % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
}

/** The same with its unit, as 1:23 alone might be either. */
export function timeLeft(seconds: number): string {
  return say(seconds > LAST_SECONDS ? "time-hours" : "time-minutes", { time: clock(seconds) });
}

/** Show when something was or will be, in the page's language: the time of day, and the day unless it is today. */
export function moment(at: number, now: number, language = document.documentElement.lang): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  const shape: Intl.DateTimeFormatOptions = isToday ? {} : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(language, { ...shape, hour: "numeric", minute: "2-digit" }).format(at);
}

/** Say what of the learner's work the next sandbox brings back; nothing if nothing was saved. */
export function comesBack({ savedAt, leftOut }: Kept, now: number): string {
  if (savedAt === null) return "";
  const parts = [say("comes-back", { time: moment(savedAt, now) })];
  if (leftOut) parts.push(say("left-out", { count: leftOut }));
  return parts.join(" ");
}
