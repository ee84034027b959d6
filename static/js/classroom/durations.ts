import { say } from "../strings.ts";

/** Return seconds as people say them: "45 s", "12 min", "3 h", "2 d". */
export function duration(seconds: number): string {
  if (seconds < 60) return say("seconds", { n: Math.floor(seconds) });
  if (seconds < 3600) return say("minutes", { n: Math.floor(seconds / 60) });
  if (seconds < 86400) return say("hours", { n: Math.floor(seconds / 3600) });
  return say("days", { n: Math.floor(seconds / 86400) });
}

/** Return how long ago a moment was; what is just now, or in the future of a wrong clock, is now. */
export function ago(at: string | null, now: number): string {
  if (!at) return say("never");
  const seconds = (now - Date.parse(at)) / 1000;
  return seconds < 20 ? say("now") : say("ago", { time: duration(seconds) });
}
