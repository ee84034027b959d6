import { Backoff } from "../workspace/backoff.ts";
import { NEW, type FileContent, type Files, type Reply } from "./api.ts";
import type { Draft, Drafts } from "./drafts.ts";

export type Status =
  | { readonly name: "saved" | "unsaved" | "saving" | "gone" }
  /** It cannot be saved now; it is kept, and tried again. */
  | { readonly name: "kept"; readonly why: string }
  /** It cannot be saved as it is. */
  | { readonly name: "refused"; readonly why: string }
  /** Something else has changed the file: the learner decides. */
  | { readonly name: "changed"; readonly theirs: FileContent };

/** What the file is known to hold; null where that is not known. */
interface Base {
  readonly text: string | null;
  readonly version: string;
}

const REST = 1_000;

/**
 * A file that is edited: saved a second after the last key, over the version it was made from and no other.
 *
 * What is not saved is kept as a draft from the first key on, so nothing that ends the page, the network or the sandbox
 * loses it.
 */
export class SavedFile {
  status: Status = { name: "saved" };
  text: string;
  onStatus: () => void = () => undefined;
  /** The text was replaced by what the file holds now. */
  onReplace: () => void = () => undefined;

  private base: Base;
  private saving: Promise<void> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isKept = true;
  private readonly backoff = new Backoff(1_000, 15_000);

  constructor(
    readonly path: string,
    content: FileContent,
    private readonly files: Files,
    private readonly drafts: Drafts,
  ) {
    this.base = content;
    this.text = content.text;
  }

  /** Return the file whose draft is all that is known of it: it is not there, or cannot be asked for (`why`). */
  static ofDraft(path: string, draft: Draft, files: Files, drafts: Drafts, why = ""): SavedFile {
    const file = new SavedFile(path, draft, files, drafts);
    file.base = { text: null, version: draft.version };
    if (why) file.later(why);
    else if (draft.version === NEW) file.soon();
    else file.become({ name: "gone" });
    return file;
  }

  get isDirty(): boolean {
    return this.text !== this.base.text;
  }

  /** Would what was typed be lost with the page? */
  get isAtRisk(): boolean {
    return this.isDirty && !this.isKept;
  }

  /** Go on from a draft that an earlier page left. */
  resume(draft: Draft): void {
    const { text, version } = this.base;
    this.text = draft.text;
    if (!this.isDirty) return this.drafts.forget(this.path);
    if (draft.version === version) return this.soon();
    this.base = { text: null, version: draft.version };
    this.become({ name: "changed", theirs: { text: text ?? "", version } });
  }

  /** Take over what was typed. */
  edit(text: string): void {
    this.text = text;
    if (!this.isDirty && !this.saving && !this.isAsking) {
      this.drafts.forget(this.path);
      return this.settle();
    }
    this.isKept = this.drafts.keep(this.path, { text, version: this.base.version });
    if (!this.isAsking) this.soon();
  }

  /** Save now, unless there is nothing to save, or a question to answer first. */
  save(): Promise<void> {
    clearTimeout(this.timer);
    if (this.saving) return this.saving.then(() => this.save());
    if (!this.isDirty || this.isAsking) return Promise.resolve();
    this.saving = this.put().finally(() => (this.saving = null));
    return this.saving;
  }

  /** Try again what could not be saved. */
  retry(): void {
    if (this.status.name === "kept") void this.save();
  }

  /** See whether something else has changed the file. */
  async look(): Promise<void> {
    if (this.saving) return;
    const before = this.base;
    const reply = await this.files.read(this.path);
    // What was saved meanwhile is newer than what was read.
    if (this.saving || this.base !== before) return;
    if (reply.kind === "not-there") this.become({ name: "gone" });
    else if (reply.kind === "ok" && (reply.body.version !== before.version || this.isAsking)) this.meet(reply.body);
  }

  keepMine(): void {
    if (!this.isAsking) return;
    const theirs = this.status.name === "changed" ? this.status.theirs : null;
    this.base = theirs ?? { text: null, version: NEW };
    this.become({ name: "unsaved" });
    this.settle();
    void this.save();
  }

  takeTheirs(): void {
    if (this.status.name !== "changed") return;
    this.replace(this.status.theirs);
  }

  /** Close it for good, and forget what was not saved. */
  discard(): void {
    clearTimeout(this.timer);
    this.drafts.forget(this.path);
    this.text = this.base.text ?? this.text;
  }

  private get isAsking(): boolean {
    return this.status.name === "changed" || this.status.name === "gone";
  }

  private async put(): Promise<void> {
    const sent = this.text;
    if (this.status.name !== "kept") this.become({ name: "saving" });
    const reply = await this.files.write(this.path, sent, this.base.version);
    if (reply.kind === "ok") {
      this.base = { text: sent, version: reply.body.version };
      this.drafts.drop(this.path, sent);
      this.settle();
    } else if (reply.kind === "conflict") {
      await this.see(reply.error);
    } else {
      this.fail(reply);
    }
  }

  /** The file is not what it was taken for, or there is no sandbox to ask. */
  private async see(why: string): Promise<void> {
    const reply = await this.files.read(this.path);
    if (reply.kind === "ok") this.meet(reply.body);
    else if (reply.kind === "not-there") this.become({ name: "gone" });
    else this.later("error" in reply && reply.error ? reply.error : why);
  }

  private fail(reply: Exclude<Reply<unknown>, { kind: "ok" }>): void {
    if (reply.kind === "refused") this.become({ name: "refused", why: reply.error });
    else this.later("error" in reply ? reply.error : "");
  }

  private meet(theirs: FileContent): void {
    if (theirs.text === this.text) {
      this.base = theirs;
      this.drafts.drop(this.path, theirs.text);
      this.settle();
    } else if (theirs.version === this.base.version) {
      this.base = theirs;
      this.become({ name: "unsaved" });
      this.soon();
    } else if (!this.isDirty) {
      this.replace(theirs);
    } else {
      this.become({ name: "changed", theirs });
    }
  }

  private replace(theirs: FileContent): void {
    this.base = theirs;
    this.text = theirs.text;
    this.drafts.forget(this.path);
    this.become({ name: "saved" });
    this.onReplace();
  }

  /** Say how things stand after a success, and go on with what was typed meanwhile. */
  private settle(): void {
    this.backoff.reset();
    clearTimeout(this.timer);
    this.become({ name: this.isDirty ? "unsaved" : "saved" });
    if (this.isDirty) this.soon();
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), REST);
    if (this.status.name !== "kept" && this.status.name !== "saving") this.become({ name: "unsaved" });
  }

  private later(why: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), this.backoff.next());
    this.become({ name: "kept", why });
  }

  private become(status: Status): void {
    this.status = status;
    this.onStatus();
  }
}
