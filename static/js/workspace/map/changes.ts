/** What changed from one state to the next, in a few words to be spoken. */
import { say } from "../../strings.ts";
import { visible } from "../logs.ts";
import type { Objects } from "../protocol.ts";
import { allThings, type Thing } from "./things.ts";
import { healthOf, stateOf, tagOf } from "./words.ts";

/** More than these are counted, not told. */
const TELL = 3;

/** Return one sentence, or "" if nothing changed that is to be spoken of. */
export function changesOf(before: Objects, now: Objects): string {
  const old = allThings(before);
  const current = allThings(now);
  const told: string[] = [];
  for (const [key, thing] of current) {
    const was = old.get(key);
    if (!was) told.push(say(`map-come-${thing.kind}`, { name: nameOf(thing), state: stateIn(thing) }));
    else if (stateIn(was) !== stateIn(thing)) told.push(say("map-became", { name: nameOf(thing), state: stateIn(thing) }));
  }
  for (const [key, thing] of old) {
    if (!current.has(key)) told.push(say(`map-gone-${thing.kind}`, { name: nameOf(thing) }));
  }
  return told.length > TELL ? say("map-changes", { count: told.length, last: told.at(-1) ?? "" }) : told.join(" ");
}

export function nameOf(thing: Thing): string {
  return thing.kind === "image" ? tagOf(thing.is) : visible(thing.is.name);
}

function stateIn(thing: Thing): string {
  if (thing.kind !== "container") return "";
  return [stateOf(thing.is), healthOf(thing.is)].filter(Boolean).join(", ");
}
