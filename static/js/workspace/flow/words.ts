/** What the flow says of a command and of its calls. */
import { say } from "../../strings.ts";
import { visible } from "../logs.ts";
import { inCommon } from "./alike.ts";
import { laneName, type Tongue } from "./lanes.ts";
import { inWords } from "./statuses.ts";
import { isRefused, msOf, statusOf, type Arrow, type Command } from "./story.ts";

/** Return the command as it was typed, or else its name. */
export function titleOf({ line, name }: Pick<Command, "line" | "name">): string {
  if (line) return visible(line);
  if (!name) return say("flow-other");
  return name === "curl" ? name : `docker ${visible(name)}`;
}

export function duration(ms: number): string {
  if (ms < 10 && !Number.isInteger(ms)) return say("flow-ms", { ms: ms.toFixed(1) });
  if (ms < 1_000) return say("flow-ms", { ms: Math.round(ms) });
  return say("flow-seconds", { seconds: (ms / 1_000).toFixed(ms < 10_000 ? 1 : 0) });
}

/** Return how a call went, in a few words; empty while that is not known. */
export function outcomeOf(arrow: Arrow): string {
  const [status, ms] = [statusOf(arrow), msOf(arrow)];
  const said = status === null ? outcomeWord(arrow.event.outcome) : isRefused(arrow) ? inWords(status) : String(status);
  return [said, ms === null ? "" : duration(ms)].filter(Boolean).join(" · ");
}

export function outcomeWord(outcome: string): string {
  return outcome ? say(`outcome-${outcome}`) || visible(outcome) : "";
}

/** Return how many calls went which way, the most frequent first. */
export function outcomesOf(arrows: readonly Arrow[]): string {
  const counts = new Map<string, number>();
  for (const arrow of arrows) {
    const status = statusOf(arrow);
    if (status !== null) counts.set(inWords(status), (counts.get(inWords(status)) ?? 0) + 1);
  }
  const ways = [...counts].sort(([, one], [, other]) => other - one);
  return ways.length === 1 ? (ways[0]?.[0] ?? "") : ways.map(([words, count]) => `${count} × ${words}`).join(", ");
}

/** Return the whole arrow as a sentence, for those who do not see it. */
export function sentence(arrow: Arrow, tongue: Tongue): string {
  const { from, to, step, call, outcome } = arrow.event;
  const [status, ms] = [statusOf(arrow), msOf(arrow)];
  const parts = [say("arrow-asks", { step, from: laneName(from, tongue), to: laneName(to, tongue), call: visible(call) })];
  if (status !== null) parts.push(say("arrow-answered", { status: inWords(status) }));
  if (outcome) parts.push(outcomeWord(outcome));
  if (ms !== null) parts.push(say("arrow-took", { time: duration(ms) }));
  return parts.join(", ");
}

export function callInCommon(arrows: readonly Arrow[]): string {
  return visible(inCommon(arrows.map((arrow) => arrow.event.call)));
}

export function foldSentence(arrows: readonly Arrow[], tongue: Tongue): string {
  const [first] = arrows;
  if (!first) return "";
  const { from, to, step } = first.event;
  const names = { from: laneName(from, tongue), to: laneName(to, tongue) };
  return say("fold-asks", { step, ...names, count: arrows.length, call: callInCommon(arrows), outcomes: outcomesOf(arrows) });
}
