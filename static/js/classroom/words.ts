import { say } from "../strings.ts";
import type { Watcher } from "./protocol.ts";

/** Say who watches and who can type; nothing if nobody does. */
export function watchedBy(watchers: readonly Watcher[]): string {
  const typist = watchers.find(({ keyboard }) => keyboard === "granted");
  const others = watchers.filter((one) => one !== typist);
  const parts = typist ? [say("can-type", { name: typist.name })] : [];
  if (others.length === 1) parts.push(say("watches", { name: others[0]?.name ?? "" }));
  if (others.length > 1) parts.push(say("watch-many", { names: others.map(({ name }) => name).join(", ") }));
  return parts.join(" ");
}

/** Say where in the queue for help somebody is. */
export function placeInLine(place: number): string {
  return place === 1 ? say("hand-first") : say("hand-place", { place });
}
