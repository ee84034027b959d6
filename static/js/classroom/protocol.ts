/** The frames of a workshop's websockets, as JSON. The server's side is in workshops/: console.py, classroom.py, watching.py, stage.py. */
import type { SandboxState } from "../workspace/protocol.ts";

export type WorkshopState = "planned" | "open" | "closed";
export type Keyboard = "none" | "asked" | "granted";

/** A task or a question of the workshop: a column of the console. */
export interface Column {
  /** "<lesson>/<task>": the key of `done`, `times` and `at`. */
  readonly key: string;
  readonly lesson: string;
  readonly day: number;
  readonly task: string;
  readonly title: string;
  readonly quiz: boolean;
  /** Seconds; 0: not planned. */
  readonly planned: number;
}

export interface Watcher {
  readonly name: string;
  readonly keyboard: Keyboard;
}

export interface Trouble {
  /** What it has in common with other errors of its kind, in the daemon's words. */
  readonly phrase: string;
  /** The daemon's sentence. */
  readonly error: string;
  readonly command: string;
  readonly at: string;
}

/** A container, as seen from afar. */
export interface Stall {
  readonly name: string;
  readonly image: string;
  readonly state: string;
}

/** One learner. Times are ISO 8601. */
export interface Row {
  readonly id: number;
  readonly name: string;
  /** The personal code, in groups of four. */
  readonly code: string;
  readonly guest: boolean;
  readonly joined_at: string;
  readonly hand_at: string | null;
  /** When each was done, by the column's key. */
  readonly done: Readonly<Record<string, string>>;
  /** The key of the task they are at, and since when; null when all are done. */
  readonly at: string | null;
  readonly at_since: string;
  readonly tries: number;
  /** What the check found last of it, and what it expected. */
  readonly found: string;
  readonly expected: string;
  /** The last command that the daemon refused, if they have not got over it. */
  readonly trouble: Trouble | null;
  /** The newest; null if there never was one. */
  readonly sandbox: {
    readonly state: SandboxState;
    readonly error: string;
    readonly paused: boolean;
    readonly expires_at: string | null;
    readonly containers: readonly Stall[];
  } | null;
  readonly active_at: string | null;
  readonly watchers: readonly Watcher[];
  /** Notes they have not read yet. */
  readonly unread: number;
}

/** Learners who are stuck on the same, the largest group first. */
export interface RadarGroup {
  /** "error": the daemon refused a command; "task": a task takes them much longer than planned. */
  readonly kind: "error" | "task";
  /** The error they have in common, or what the check found. */
  readonly name: string;
  /** Of the task; empty for errors. */
  readonly lesson: string;
  readonly task: string;
  /** Ids of rows. */
  readonly members: readonly number[];
  /** One of them in full. */
  readonly example: string;
  readonly command: string;
  readonly since: string;
}

export interface WorkshopFacts {
  readonly code: string;
  readonly spoken_code: string;
  readonly title: string;
  readonly state: WorkshopState;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly capacity: number;
  readonly names_on_wall: boolean;
  /** Who shows their sandbox to the class, or null. */
  readonly showing: string | null;
}

export interface Room {
  readonly workshop: WorkshopFacts;
  readonly columns: readonly Column[];
  /** By the column's key: how many have done it, and the median of the seconds they took. */
  readonly times: Readonly<Record<string, { readonly done: number; readonly median: number | null }>>;
  readonly radar: readonly RadarGroup[];
}

/** The console's frames: "room" has everything, "change" what is another than before. */
export type ConsoleFrame =
  | ({ readonly type: "room"; readonly now: string; readonly rows: readonly Row[]; readonly gone: readonly number[] } & Room)
  | ({ readonly type: "change"; readonly now: string; readonly rows: readonly Row[]; readonly gone: readonly number[] } & Partial<Room>);

export interface NoteFacts {
  readonly id: number;
  readonly from: string;
  readonly text: string;
  readonly hint: boolean;
  readonly sent_at: string;
}

/** All that a learner's pages know of their workshop. */
export interface ClassroomFrame {
  readonly type: "classroom";
  readonly now: string;
  readonly workshop: { readonly code: string; readonly title: string; readonly state: WorkshopState };
  readonly name: string;
  readonly hand: { readonly at: string; readonly place: number } | null;
  readonly watchers: readonly (Watcher & { readonly id: number })[];
  /** Those not read yet. */
  readonly notes: readonly NoteFacts[];
  readonly showing: { readonly name: string } | null;
  /** If the workshop shares progress: the learner first. */
  readonly mates: readonly { readonly name: string; readonly done: number; readonly me: boolean }[] | null;
}

/** Besides those of a terminal (workspace/protocol.ts), what a watched or shown one says. */
export type WatchFrame =
  | { readonly type: "size"; readonly cols: number; readonly rows: number }
  | { readonly type: "keyboard"; readonly granted: boolean };
