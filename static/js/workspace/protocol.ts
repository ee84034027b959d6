/** The frames of the websockets, as JSON. The server's side is documented in sandbox/consumers.py. */
import type { Attached } from "./session.ts";

export type SandboxState = "starting" | "running" | "stopping" | "stopped" | "failed";

/** What both the API and `state` events say of a sandbox. Times are ISO 8601. */
export interface Sandbox {
  readonly code: string;
  readonly state: SandboxState;
  readonly expires_at: string | null;
  readonly error: string;
  readonly paused: boolean;
  readonly can_extend: boolean;
  /** When the learner's home was saved last, or null. */
  readonly saved_at: string | null;
  /** How many of its files were too big for that. */
  readonly left_out: number;
  /** The server's clock. */
  readonly now: string;
}

interface Dated {
  readonly id: number;
  readonly at: string;
}

export interface StateEvent extends Dated, Sandbox {
  readonly type: "state";
}

export interface LogEvent extends Dated {
  readonly type: "log";
  readonly source: "daemon" | "warehouse";
  readonly line: string;
  readonly raw?: string;
  readonly level?: string;
}

export interface FlowEvent extends Dated {
  readonly type: "flow";
  readonly step: number;
  readonly from: string;
  readonly to: string;
  readonly call: string;
  readonly status: number | null;
  readonly ms: number | null;
  readonly command: string | null;
  /** Equal for all that one command caused. */
  readonly order: number;
  readonly text: string;
}

export interface TaskEvent extends Dated {
  readonly type: "task";
  readonly task: string;
  readonly state: "open" | "done";
  readonly found?: string;
  readonly expected?: string;
  readonly hint?: string;
}

/** A port that a running container publishes: it can be visited. */
export interface Published {
  readonly container: string;
  readonly port: number;
}

export interface PortsEvent extends Dated {
  readonly type: "ports";
  readonly ports: readonly Published[];
}

/** What the customer in Rajwada got of an image that the learner pushed. */
export interface Served {
  readonly image: string;
  readonly output: string;
  /** The exit code; 124 if it did not end by itself. */
  readonly code: number;
  readonly pushed_at: string;
}

export interface ServedEvent extends Dated {
  readonly type: "served";
  readonly runs: readonly Served[];
}

export type SandboxEvent = StateEvent | LogEvent | FlowEvent | TaskEvent | PortsEvent | ServedEvent;

export type TerminalFrame =
  | ({ readonly type: "attached" } & Attached)
  | { readonly type: "exit"; readonly code: number | null }
  | { readonly type: "taken"; readonly bytes: number }
  | { readonly type: "notice"; readonly text: string };

/** Return the frame, or null for one that is not JSON, or of a type this page does not know. */
export function parseFrame<Frame extends { type: string }>(data: string, types: readonly Frame["type"][]): Frame | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("type" in value)) return null;
  return types.includes(value.type as Frame["type"]) ? (value as Frame) : null;
}
