/** Events for tests: what is not said about them is as in an ordinary call. */
import type { AnswerEvent, FlowEvent, ObjectEvent } from "../../static/js/workspace/protocol.ts";

let ids = 0;
const iso = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();

export function call(order: number, said: Partial<FlowEvent> = {}, ms = 0): FlowEvent {
  ids += 1;
  const dated = { type: "flow", id: ids, at: iso(ms), order, step: 1, from: "client", to: "daemon", call: "GET /info" } as const;
  return { ...dated, status: null, ms: null, key: null, outcome: "", command: null, line: "", text: "", objects: [], ...said };
}

export function answer(order: number, key: number, said: Partial<AnswerEvent> = {}, ms = 0): AnswerEvent {
  ids += 1;
  return { type: "answer", id: ids, at: iso(ms), order, key, status: 200, ms: 1, error: "", ...said };
}

export function change(order: number, action: string, object: string, ms = 0): ObjectEvent {
  ids += 1;
  const dated = { type: "object", id: ids, at: iso(ms), order, kind: "container", action, object } as const;
  return { ...dated, name: `${object}-name`, image: "", exit: null, container: "" };
}
