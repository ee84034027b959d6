/** What the console says of times, sandboxes and tasks. */
import { say } from "../strings.ts";
import type { Column, RadarGroup, Row } from "./protocol.ts";

/** Say how long ago something was, by the server's clock. */
export function ago(at: string | null, now: number): string {
  if (!at) return say("never");
  const minutes = Math.floor((now - Date.parse(at)) / 60_000);
  if (minutes < 1) return say("just-now");
  if (minutes < 60) return say("minutes-ago", { count: minutes });
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? say("hours-ago", { count: hours }) : say("days-ago", { count: Math.floor(hours / 24) });
}

/** Say seconds in minutes: exact where it is little, and never as nothing. */
export function minutes(seconds: number): string {
  if (seconds < 60) return "<1";
  return String(seconds < 600 ? Math.round(seconds / 30) / 2 : Math.round(seconds / 60)).replace(/\.5$/, "½");
}

export function sandboxState(row: Row): string {
  if (!row.sandbox) return "none";
  return row.sandbox.state === "running" && row.sandbox.paused ? "paused" : row.sandbox.state;
}

export type Pace = "good" | "over" | "late";

/** How a time compares with the plan. Twice the plan is what the radar calls slow. */
export function pace(seconds: number, planned: number): Pace {
  if (!planned || seconds <= planned) return "good";
  return seconds > 2 * planned ? "late" : "over";
}

export interface CellView {
  readonly state: "done" | "at" | "open";
  readonly pace: Pace;
  readonly text: string;
}

/** What a cell of the grid shows: a tick, the minutes spent so far, or nothing. */
export function cellOf(row: Row, column: Column, now: number): CellView {
  if (row.done[column.key]) return { state: "done", pace: "good", text: "✓" };
  if (row.at !== column.key) return { state: "open", pace: "good", text: "" };
  const spent = Math.max(0, (now - Date.parse(row.at_since)) / 1000);
  const how = pace(spent, column.planned);
  const text = column.planned
    ? say("spent-of", { spent: minutes(spent), planned: minutes(column.planned) })
    : say("spent", { spent: minutes(spent) });
  return { state: "at", pace: how, text: how === "late" ? `${text} !` : text };
}

/** Say how many have done a task, and the median of their times against the plan. */
export function medianOf(median: number | null, planned: number): { readonly text: string; readonly pace: Pace } {
  if (median === null) return { text: planned ? say("plan", { planned: minutes(planned) }) : "", pace: "good" };
  const how = pace(median, planned);
  const mark = how === "good" ? "" : how === "over" ? "▲ " : "▲▲ ";
  const text = planned
    ? say("spent-of", { spent: minutes(median), planned: minutes(planned) })
    : say("spent", { spent: minutes(median) });
  return { text: mark + text, pace: how };
}

export function titleOf(group: RadarGroup, columns: readonly Column[]): string {
  return group.kind === "error" ? group.name : (taskOf(group, columns)?.title ?? group.task);
}

export function taskOf(group: RadarGroup, columns: readonly Column[]): Column | undefined {
  return columns.find(({ lesson, task }) => lesson === group.lesson && task === group.task);
}

export function keyOf({ kind, name, lesson, task }: RadarGroup): string {
  return JSON.stringify([kind, name, lesson, task]);
}

const SUGGESTIONS: readonly (readonly [RegExp, string])[] = [
  [/port is already allocated|address already in use/, "suggest-port"],
  [/already in use by container/, "suggest-name"],
  [/No such container/, "suggest-container"],
  [/No such image/, "suggest-image"],
  [/manifest unknown/, "suggest-manifest"],
  [/pull access denied/, "suggest-pull"],
  [/requested access to the resource is denied|no basic auth credentials|unauthorized|not a place of yours/, "suggest-login"],
  [/image is being used by|is using its referenced image/, "suggest-image-used"],
  [/stop the container before/, "suggest-running"],
  [/executable file not found/, "suggest-command"],
  [/is not running/, "suggest-not-running"],
  [/volume is in use/, "suggest-volume-used"],
  [/network \S+ not found/, "suggest-network"],
  [/invalid reference format/, "suggest-reference"],
  [/no space left on device/, "suggest-space"],
];

/** Return the beginning of a hint for a well-known error; "" for others. */
export function suggestionFor(group: RadarGroup): string {
  if (group.kind !== "error") return "";
  const found = SUGGESTIONS.find(([phrase]) => phrase.test(group.name));
  return found ? say(found[1]) : "";
}
