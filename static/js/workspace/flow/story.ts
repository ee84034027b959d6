/** What happened, command by command, as data: bounded, however fast it comes. Pure, so that it can be tested without a page. */
import type { AnswerEvent, FlowEvent } from "../protocol.ts";
import { areAlike } from "./alike.ts";

const COMMANDS = 40;
const ARROWS = 200;

/** A call, and what was answered. */
export interface Arrow {
  readonly event: FlowEvent;
  answer: AnswerEvent | null;
}

/** Calls that follow each other and are alike. */
export interface Fold {
  readonly arrows: Arrow[];
  /** Counts its changes, so that only what changed is drawn. */
  version: number;
}

export class Command {
  readonly folds: Fold[] = [];
  /** As it was typed, and its name; empty and null while they are not known. */
  line = "";
  name: string | null = null;
  /** How many calls it made, and how many of those are no longer kept. */
  calls = 0;
  leftOut = 0;
  private ended: number;
  private readonly asked = new Map<number, { arrow: Arrow; fold: Fold }>();

  constructor(
    readonly order: number,
    readonly at: string,
  ) {
    this.ended = Date.parse(at);
  }

  /** From its first call to the last that was heard of it, in milliseconds. */
  get lasted(): number {
    return Math.max(0, this.ended - Date.parse(this.at));
  }

  get arrows(): readonly Arrow[] {
    return this.folds.flatMap((fold) => fold.arrows);
  }

  add(event: FlowEvent, most: number): void {
    const arrow: Arrow = { event, answer: null };
    const fold = this.foldFor(event);
    fold.arrows.push(arrow);
    fold.version += 1;
    if (event.key !== null) this.asked.set(event.key, { arrow, fold });
    this.line ||= event.line;
    this.name ??= event.command;
    this.calls += 1;
    this.heard(event.at);
    if (this.calls - this.leftOut > most) this.leaveOut();
  }

  /** Return whether the call is one of those that are kept. */
  answered(answer: AnswerEvent): boolean {
    const asked = this.asked.get(answer.key);
    if (!asked) return false;
    asked.arrow.answer = answer;
    asked.fold.version += 1;
    this.heard(answer.at);
    return true;
  }

  private foldFor(event: FlowEvent): Fold {
    const last = this.folds.at(-1);
    if (last?.arrows[0] && areAlike(last.arrows[0].event, event)) return last;
    const fold: Fold = { arrows: [], version: 0 };
    this.folds.push(fold);
    return fold;
  }

  private heard(at: string): void {
    this.ended = Math.max(this.ended, Date.parse(at) || 0);
  }

  private leaveOut(): void {
    const [fold] = this.folds;
    const first = fold?.arrows.shift();
    if (!fold || !first) return;
    fold.version += 1;
    if (first.event.key !== null) this.asked.delete(first.event.key);
    if (!fold.arrows.length) this.folds.shift();
    this.leftOut += 1;
  }
}

export class Story {
  private byOrder = new Map<number, Command>();
  /** Newest first: two terminals may run a command each at the same time. */
  commands: readonly Command[] = [];

  constructor(
    private readonly most = COMMANDS,
    private readonly mostArrows = ARROWS,
  ) {}

  /** Return the command that made the call, or null if it is too old to be kept. */
  add(event: FlowEvent): Command | null {
    const command = this.byOrder.get(event.order) ?? this.begin(event);
    command?.add(event, this.mostArrows);
    return command;
  }

  /** Return the command whose call was answered, or null if the call is not known. */
  answer(event: AnswerEvent): Command | null {
    const command = this.byOrder.get(event.order);
    return command?.answered(event) ? command : null;
  }

  of(order: number): Command | null {
    return this.byOrder.get(order) ?? null;
  }

  clear(): void {
    this.byOrder = new Map();
    this.commands = [];
  }

  private begin(event: FlowEvent): Command | null {
    const command = new Command(event.order, event.at);
    const sorted = [...this.commands, command].sort((one, other) => other.order - one.order);
    this.commands = sorted.slice(0, this.most);
    this.byOrder = new Map(this.commands.map((kept) => [kept.order, kept]));
    return this.of(event.order);
  }
}

export function statusOf({ event, answer }: Arrow): number | null {
  return answer?.status ?? event.status;
}

export function msOf({ event, answer }: Arrow): number | null {
  return answer?.ms ?? event.ms;
}

export function isRefused(arrow: Arrow): boolean {
  return (statusOf(arrow) ?? 0) >= 400;
}
