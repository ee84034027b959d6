/** What happened in the sandbox since the page knows of it, to be seen again. Pure; the oldest make room for the newest. */
import type { AnswerEvent, FlowEvent, ObjectEvent, Objects, ObjectsEvent } from "../protocol.ts";

const MOST = 5_000;
/** True states of a daemon with hundreds of containers are large; between them, events tell the way. */
const MOST_TRUTHS = 20;

/** How the state of the daemon's things follows from what happened to them. */
export interface Reckoning {
  readonly empty: Objects;
  after(state: Objects, event: ObjectEvent): Objects;
}

/** Without a map, nobody asks. */
const NOTHING: Reckoning = { empty: { containers: [], images: [], networks: [], volumes: [] }, after: (state) => state };

type Change = ObjectEvent | ObjectsEvent;
type Moment = FlowEvent | AnswerEvent | Change;

/** A place where the replay can stand: a call or an answer, and what the daemon had before the next one. */
export interface Stop {
  readonly event: FlowEvent | AnswerEvent;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly objects: Objects;
}

export class Recording {
  private moments: Moment[] = [];
  private base: Objects;

  constructor(
    private readonly reckoning = NOTHING,
    private readonly most = MOST,
  ) {
    this.base = reckoning.empty;
  }

  add(moment: Moment): void {
    this.moments.push(moment);
    if (moment.type === "objects") this.forgetTruths();
    // Rarely, and in bulk: to shift an array at each of a thousand events a second would freeze the page.
    if (this.moments.length >= 2 * this.most) this.trim();
  }

  clear(): void {
    this.moments = [];
    this.base = this.reckoning.empty;
  }

  /** Return the stops of one command, or of the whole session, by their time. */
  stops(order: number | null = null): readonly Stop[] {
    this.trim();
    const stops: { event: FlowEvent | AnswerEvent; at: number; objects: Objects }[] = [];
    let objects = this.base;
    let isOver = false;
    const end = this.endOf(order);
    for (const moment of this.byTime()) {
      if (isChange(moment)) objects = this.changed(objects, moment);
      else if (order === null || moment.order === order) stops.push({ event: moment, at: Date.parse(moment.at), objects });
      const last = stops.at(-1);
      if (last && !isOver) last.objects = objects;
      isOver ||= moment === end;
    }
    return stops;
  }

  /** The last that is known of a command: what happens to the daemon's things later is none of its doing. */
  private endOf(order: number | null): Moment | undefined {
    return order === null ? undefined : this.byTime().filter((moment) => moment.type !== "objects" && moment.order === order).at(-1);
  }

  private byTime(): Moment[] {
    const at = (moment: Moment): number => Date.parse(moment.at) || 0;
    return [...this.moments].sort((one, other) => at(one) - at(other) || one.id - other.id);
  }

  private changed(objects: Objects, change: Change): Objects {
    return change.type === "objects" ? change : this.reckoning.after(objects, change);
  }

  private forgetTruths(): void {
    const truths = this.moments.filter((moment) => moment.type === "objects");
    if (truths.length > MOST_TRUTHS) this.moments.splice(this.moments.indexOf(truths[0] as Moment), 1);
  }

  private trim(): void {
    const gone = this.moments.slice(0, Math.max(0, this.moments.length - this.most));
    for (const moment of gone) if (isChange(moment)) this.base = this.changed(this.base, moment);
    this.moments = this.moments.slice(gone.length);
  }
}

function isChange(moment: Moment): moment is Change {
  return moment.type === "object" || moment.type === "objects";
}
