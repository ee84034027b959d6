import { say } from "../strings.ts";
import type { NoteDialog, SureDialog } from "./consoledialogs.ts";
import type { RoomState } from "./consolestate.ts";
import type { Toasts } from "./consoletoasts.ts";
import { post, type Answer } from "./post.ts";

/** Buttons that throw something away ask first. */
const ASKED = new Set(["restart", "reset", "stop"]);
const NAMED = 12;

/** What an instructor does for learners. The console's socket shows what has come of it. */
export class Deeds {
  state: RoomState | null = null;

  constructor(
    private readonly room: string,
    private readonly csrf: string,
    private readonly toasts: Toasts,
    private readonly sure: SureDialog,
    private readonly notes: NoteDialog,
  ) {}

  write(ids: readonly number[], isHint: boolean, suggestion = ""): void {
    if (!ids.length) return;
    const who = this.whoAre(ids);
    this.notes.write(who, this.namesOf(ids), isHint, suggestion, async (text, hint) => {
      const answer = await this.post("notes/", { to: ids.join(","), text, ...(hint ? { hint: "yes" } : {}) });
      if (typeof answer === "string") return answer;
      this.toasts.say(say("sent", { who }));
      return "";
    });
  }

  sandboxes(ids: readonly number[], action: string, button: HTMLButtonElement): void {
    if (!ids.length) return;
    const act = (): void => void this.busy(button, () => this.changeSandboxes(ids, action));
    if (ASKED.has(action)) this.sure.ask({ name: action, who: this.namesOf(ids) }, act);
    else act();
  }

  private async changeSandboxes(ids: readonly number[], action: string): Promise<void> {
    const answer = await this.post("sandboxes/", { to: ids.join(","), action });
    if (typeof answer === "string") return this.toasts.fail(answer);
    const refused = (answer["refused"] ?? []) as readonly { readonly id: number; readonly name: string; readonly error: string }[];
    const failed = new Set(refused.map(({ id }) => id));
    const done = ids.filter((id) => !failed.has(id));
    if (done.length && answer["done"]) this.toasts.say(say(`sandbox-${action}-done`, { who: this.whoAre(done) }));
    for (const [error, names] of byError(refused)) this.toasts.fail(`${shortened(names)}: ${error}`);
  }

  lowerHand(id: number, button: HTMLButtonElement): Promise<string> {
    return this.one(id, "hand/", {}, button);
  }

  async mark(id: number, task: string, button: HTMLButtonElement): Promise<string> {
    const error = await this.one(id, "done/", { task }, button);
    if (!error) this.toasts.say(say("marked", { name: this.nameOf(id) }));
    return error;
  }

  async rename(id: number, name: string, button: HTMLButtonElement): Promise<string> {
    const error = await this.one(id, "rename/", { name }, button);
    if (!error) this.toasts.say(say("renamed", { name: name.trim() }));
    return error;
  }

  remove(id: number, button: HTMLButtonElement, then: (error: string) => void): void {
    const name = this.nameOf(id);
    this.sure.ask({ name: "remove", who: name }, async () => {
      const error = await this.one(id, "remove/", {}, button);
      if (!error) this.toasts.say(say("removed", { name }));
      then(error);
    });
  }

  async one(id: number, what: string, form: Record<string, string>, button: HTMLButtonElement): Promise<string> {
    const answer = await this.busy(button, () => this.post(`participants/${id}/${what}`, form));
    return typeof answer === "string" ? answer : "";
  }

  private post(what: string, form: Record<string, string>): Promise<Answer | string> {
    return post(`${this.room}${what}`, this.csrf, form);
  }

  /** Do something while the button shows that it works. It keeps the keyboard, so it is not disabled. */
  private async busy<Result>(button: HTMLButtonElement, work: () => Promise<Result>): Promise<Result> {
    button.classList.add("is-busy");
    button.ariaBusy = "true";
    try {
      return await work();
    } finally {
      button.classList.remove("is-busy");
      button.ariaBusy = null;
    }
  }

  nameOf(id: number): string {
    return this.state?.rows.get(id)?.name ?? "";
  }

  whoAre(ids: readonly number[]): string {
    const [first] = ids;
    return ids.length === 1 && first !== undefined ? this.nameOf(first) : say("people", { count: ids.length });
  }

  namesOf(ids: readonly number[]): string {
    return shortened(ids.map((id) => this.nameOf(id)).filter(Boolean));
  }
}

/** Return names in one line, the first few of many. */
export function shortened(names: readonly string[]): string {
  if (names.length <= NAMED) return names.join(", ");
  return say("and-more", { names: names.slice(0, NAMED).join(", "), count: names.length - NAMED });
}

export function byError(refused: readonly { readonly name: string; readonly error: string }[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { name, error } of refused) found.set(error, [...(found.get(error) ?? []), name]);
  return found;
}
