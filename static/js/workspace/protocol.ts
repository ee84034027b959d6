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
  /** The command that caused it, as in FlowEvent; 0 if none is known. */
  readonly order?: number;
}

export type Lane = "client" | "daemon" | "cache" | "registry" | "container";

/** One arrow of the flow: who asked whom for what. */
export interface FlowEvent extends Dated {
  readonly type: "flow";
  /** Which of the five steps it is. */
  readonly step: number;
  readonly from: Lane;
  readonly to: Lane;
  readonly call: string;
  /** Of calls to the registry, which tell it at once. Calls to the daemon are answered by an AnswerEvent of the same key. */
  readonly status: number | null;
  readonly ms: number | null;
  readonly key: number | null;
  /** A word for how it went, where there is no status: "hit" and "miss" of the cache; otherwise empty. */
  readonly outcome: string;
  /** The command's name: run, pull, compose, curl; null if it is not known. */
  readonly command: string | null;
  /** The command as it was typed, without secrets; empty if it is not known. */
  readonly line: string;
  /** Equal for all that one command caused, and increasing. */
  readonly order: number;
  /** One sentence: why the call was made. */
  readonly text: string;
  /** What it is about: ids of containers (12 digits), names of images, networks and volumes. */
  readonly objects: readonly string[];
}

/** What the daemon answered to a call. */
export interface AnswerEvent extends Dated {
  readonly type: "answer";
  readonly key: number;
  readonly order: number;
  readonly status: number;
  readonly ms: number;
  /** The daemon's sentence, if it refused. */
  readonly error: string;
}

export type Kind = "container" | "image" | "network" | "volume";

/** Something happened to what the daemon manages, as `docker events` tells it. */
export interface ObjectEvent extends Dated {
  readonly type: "object";
  readonly kind: Kind;
  /** create, start, die, pause, destroy, health_status: healthy, pull, tag, untag, delete, connect … */
  readonly action: string;
  /** The id, 12 digits of it; a volume's is its name. */
  readonly object: string;
  readonly name: string;
  /** Of containers. */
  readonly image: string;
  readonly exit: number | null;
  /** Of networks: the container that was connected or disconnected; else empty. */
  readonly container: string;
  readonly order: number;
}

export interface ContainerState {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly state: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
  readonly health: "" | "starting" | "healthy" | "unhealthy";
  /** The exit code, once it has ended. */
  readonly exit: number | null;
  /** `host` is the port of the daemon's machine that leads to it, or null. */
  readonly ports: readonly { readonly port: number; readonly protocol: string; readonly host: number | null }[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  /** Seconds since the epoch. */
  readonly created: number;
}

export interface ImageState {
  readonly id: string;
  readonly tags: readonly string[];
  /** Bytes. */
  readonly size: number;
  /** Digests, 12 digits each, the lowest first; empty if they were not asked for. */
  readonly layers: readonly string[];
  readonly created: number;
}

export interface NetworkState {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
}

export interface VolumeState {
  readonly name: string;
  readonly driver: string;
}

/** All that the daemon manages. */
export interface Objects {
  readonly containers: readonly ContainerState[];
  readonly images: readonly ImageState[];
  readonly networks: readonly NetworkState[];
  readonly volumes: readonly VolumeState[];
}

/** The daemon's true state, as asked from it just now. */
export interface ObjectsEvent extends Dated, Objects {
  readonly type: "objects";
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

export type SandboxEvent =
  | StateEvent
  | LogEvent
  | FlowEvent
  | AnswerEvent
  | ObjectEvent
  | ObjectsEvent
  | TaskEvent
  | PortsEvent
  | ServedEvent;

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
