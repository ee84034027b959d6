/** Which way a call takes across the map, and what is carried there. Pure. */
import type { FlowEvent, Lane, Objects } from "../protocol.ts";
import { keyOf, keysOf } from "./things.ts";

export interface Leg {
  readonly from: Lane;
  readonly to: Lane;
  readonly carries: "slip" | "parcel" | "dish";
}

/** Return the way there, and the way back if something is brought. */
export function legsOf({ from, to, call, status, outcome }: FlowEvent): readonly Leg[] {
  if (from === to) return [];
  if (from === "registry") return [{ from, to, carries: "parcel" }];
  if (to === "container" || from === "container") return [{ from, to, carries: "dish" }];
  const out: Leg = { from, to, carries: "slip" };
  if (to === "cache") return outcome === "hit" ? [out, { from: to, to: from, carries: "slip" }] : [out];
  if (to !== "registry") return [out];
  if (/^(POST|PUT|PATCH)\b/.test(call)) return [{ ...out, carries: "parcel" }];
  const isBrought = /^GET\b/.test(call) && status !== null && status < 400;
  return isBrought ? [out, { from: to, to: from, carries: "parcel" }] : [out];
}

/** Return the keys where a lane may be on the map, the best first. */
export function stationsOf(lane: Lane, named: readonly string[], objects: Objects): readonly string[] {
  if (lane !== "cache" && lane !== "container") return [keyOf("place", lane)];
  const kind = lane === "cache" ? "image" : "container";
  const meant = [...keysOf(new Set(named), objects)].filter((key) => key.startsWith(`${kind}:`));
  return [...meant, lane === "cache" ? "head:images" : "head:market"];
}
