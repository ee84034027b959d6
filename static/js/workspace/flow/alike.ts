import type { FlowEvent } from "../protocol.ts";

/** What differs between calls of the same kind: digests, ids and numbers. */
const PARTICULARS = /(\b(?:sha256:)?[0-9a-f]{8,}…?|\d+)/i;

function shapeOf(call: string): string {
  return call.split(PARTICULARS).map((part, index) => (index % 2 ? "…" : part)).join("");
}

/** Return a call with its particulars left out as far as they differ between calls that are alike. */
export function inCommon(calls: readonly string[]): string {
  const parts = calls.map((call) => call.split(PARTICULARS));
  const [first = []] = parts;
  return first.map((part, index) => (parts.every((other) => other[index] === part) ? part : "…")).join("");
}

/** Whether two calls are of the same kind, so that many of them can be shown as one line. */
export function areAlike(one: FlowEvent, other: FlowEvent): boolean {
  const sameWay = one.from === other.from && one.to === other.to && one.step === other.step;
  return sameWay && one.outcome === other.outcome && shapeOf(one.call) === shapeOf(other.call);
}
