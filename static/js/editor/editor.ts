import { find, make, setText } from "../dom.ts";
import { say } from "../strings.ts";
import { NEW, type Files, type Reply } from "./api.ts";
import type { Drafts } from "./drafts.ts";
import { FileList } from "./filelist.ts";
import { NewFile } from "./newfile.ts";
import { Question } from "./question.ts";
import { SavedFile } from "./savedfile.ts";
import { Surface } from "./surface.ts";

export interface Host {
  readonly learner: string;
  /** Say it to screen readers. */
  announce(text: string): void;
}

/** Narrower than this, the list of files makes way for the file. */
const NARROW = 480;

/** The editor's panel: the files of the home, one of them open, and how well it is saved. */
export class Editor {
  private readonly surface: Surface;
  private readonly list: FileList;
  private readonly question: Question;
  /** All that were opened, as one may be saved after another was opened. */
  private readonly opened = new Map<string, SavedFile>();
  private shown: SavedFile | null = null;
  /** What is open, or is to be as soon as it can be read. */
  private wanted = "";
  private said = "";
  /** Counts what was opened: a file that comes late does not push away a later one. */
  private opening = 0;
  /** Is the keyboard in the panel? */
  private isIn = false;

  constructor(
    private readonly panel: HTMLElement,
    private readonly files: Files,
    private readonly drafts: Drafts,
    private readonly host: Host,
  ) {
    this.surface = new Surface(find(panel, "[data-surface]"), {
      edit: (text) => this.shown?.edit(text),
      save: () => void this.shown?.save(),
    });
    this.list = new FileList(find(panel, "[data-file-list]"), files, (path) => void this.open(path, true));
    this.question = new Question(find(panel, "[data-question]"), {
      keepMine: () => this.answered(() => this.shown?.keepMine()),
      takeTheirs: () => this.answered(() => this.shown?.takeTheirs()),
      close: () => this.letGo(),
    });
    this.bind();
    this.draw();
  }

  /** Open what was open before, and save what an earlier page could not. */
  async start(): Promise<void> {
    const paths = this.drafts.paths;
    const last = this.remembered ?? paths[0];
    await Promise.all([this.list.refresh(), last ? this.open(last) : undefined]);
    for (const path of paths) if (!this.opened.has(path)) await this.load(path);
  }

  /** The learner comes back to it: see what has changed meanwhile. */
  look(): void {
    void this.list.refresh();
    void this.shown?.look();
  }

  /** The sandbox or the network is back. */
  wake(): void {
    for (const file of this.opened.values()) file.retry();
    if (this.wanted && !this.shown) void this.open(this.wanted);
    this.look();
  }

  async open(path: string, byHand = false): Promise<void> {
    const number = ++this.opening;
    void this.shown?.save();
    this.wanted = path;
    this.remembered = path;
    this.list.mark(path);
    const known = this.opened.get(path);
    void known?.look();
    const file = known ?? (await this.load(path));
    if (number !== this.opening) return;
    this.shown = file;
    if (file) this.surface.show(path, file.text);
    if (file && this.isNarrow) this.toggleList(false);
    this.draw();
    if (file && byHand) this.surface.focus();
  }

  private close(): void {
    this.opening += 1;
    void this.shown?.save();
    this.shown = null;
    this.wanted = this.remembered = "";
    this.list.mark("");
    this.toggleList(true);
    this.draw();
    find(this.panel, "[data-new]").focus();
  }

  private letGo(): void {
    if (!this.shown) return;
    this.shown.discard();
    this.surface.forget(this.shown.path);
    this.opened.delete(this.shown.path);
    this.close();
  }

  /** Read a file, and what was typed into it before; null if that cannot be shown, and say why. */
  private async load(path: string): Promise<SavedFile | null> {
    const reply = await this.files.read(path);
    const draft = this.drafts.of(path);
    let file: SavedFile | null = null;
    if (reply.kind === "ok") {
      file = new SavedFile(path, reply.body, this.files, this.drafts);
      if (draft) file.resume(draft);
    } else if (draft && reply.kind !== "refused") {
      file = SavedFile.ofDraft(path, draft, this.files, this.drafts, reply.kind === "not-there" ? "" : reply.error);
    } else {
      this.refuse(path, reply);
    }
    if (file) this.keep(file);
    return file;
  }

  private refuse(path: string, reply: Exclude<Reply<unknown>, { kind: "ok" }>): void {
    if (this.wanted !== path) return;
    const isFinal = reply.kind === "not-there" || reply.kind === "refused";
    if (isFinal) this.wanted = this.remembered = "";
    this.tell(reply.kind === "not-there" ? say("editor-not-there", { file: path }) : isFinal ? reply.error : say("editor-later"));
  }

  private keep(file: SavedFile): void {
    this.opened.set(file.path, file);
    file.onStatus = () => this.draw();
    file.onReplace = () => {
      if (file === this.shown) this.surface.replace(file.text);
      else this.surface.forget(file.path);
    };
    this.tell("");
  }

  /** Make a file that is not there yet; return why that cannot be done, or nothing. */
  private async make(path: string): Promise<string> {
    const made = await this.files.write(path, "", NEW);
    if (made.kind === "ok") {
      this.surface.forget(path);
      this.keep(new SavedFile(path, { text: "", version: made.body.version }, this.files, this.drafts));
    } else if (made.kind === "conflict") {
      const there = await this.files.read(path);
      if (there.kind !== "ok") return "error" in there ? there.error : made.error;
      this.host.announce(say("editor-exists", { file: path }));
    } else {
      return made.kind === "not-there" ? say("editor-not-there", { file: path }) : made.error;
    }
    void this.list.refresh();
    return "";
  }

  private answered(answer: () => void): void {
    answer();
    this.surface.focus();
  }

  private bind(): void {
    const on = (selector: string, act: () => void): void => find(this.panel, selector).addEventListener("click", act);
    on("[data-toggle-files]", () => this.toggleList(this.panel.dataset["files"] === "hidden"));
    on("[data-close-file]", () => this.close());
    for (const button of this.panel.querySelectorAll<HTMLButtonElement>(".panel-tools .tool")) button.disabled = false;
    new NewFile(this.panel, (path) => this.make(path), (path) => void this.open(path, true));
    this.panel.addEventListener("focusin", () => {
      if (!this.isIn) this.look();
      this.isIn = true;
    });
    this.panel.addEventListener("focusout", ({ relatedTarget }) => {
      this.isIn = relatedTarget instanceof Node && this.panel.contains(relatedTarget);
    });
    window.addEventListener("focus", () => this.look());
    window.addEventListener("online", () => this.wake());
    window.addEventListener("pagehide", () => void this.shown?.save());
    window.addEventListener("beforeunload", (event) => {
      if ([...this.opened.values()].some((file) => file.isAtRisk)) event.preventDefault();
    });
  }

  private get isNarrow(): boolean {
    const width = this.panel.clientWidth;
    return width > 0 && width < NARROW;
  }

  private toggleList(shown: boolean): void {
    this.panel.dataset["files"] = shown ? "shown" : "hidden";
    find(this.panel, "[data-toggle-files]").setAttribute("aria-expanded", String(shown));
  }

  /** Say in the place of a file why there is none. */
  private tell(text: string): void {
    setText(find(this.panel, "[data-message]"), text);
    if (text) this.host.announce(text);
  }

  private draw(): void {
    const { shown } = this;
    const message = find(this.panel, "[data-message]");
    if (!shown && !message.textContent) setText(message, say("editor-empty"));
    message.hidden = shown !== null;
    find(this.panel, "[data-surface]").hidden = shown === null;
    find(this.panel, "[data-close-file]").hidden = shown === null;
    setText(find(this.panel, "[data-name]"), shown?.path ?? "");
    this.drawStatus(shown);
    this.drawOthers();
    this.question.draw(shown);
  }

  private drawStatus(shown: SavedFile | null): void {
    const sign = find(this.panel, "[data-saving]");
    const status = shown?.status;
    const why = status && "why" in status ? status.why : "";
    const text = status ? why || say(`editor-${status.name}`, { file: shown.path }) : "";
    const asks = status?.name === "changed" || status?.name === "gone";
    sign.dataset["saving"] = status?.name ?? "";
    setText(sign, asks ? say("editor-unsaved") : text);
    // Each save is shown, but only what needs the learner is said.
    const toSay = why || asks ? text : "";
    if (toSay !== this.said) this.host.announce(toSay);
    this.said = toSay;
  }

  /** Name the files that wait to be saved while another is open. */
  private drawOthers(): void {
    const others = [...this.opened.values()].filter((file) => file.isDirty && file !== this.shown);
    const box = find(this.panel, "[data-others]");
    box.hidden = others.length === 0;
    find(box, "ul").replaceChildren(...others.map((file) => this.linkTo(file.path)));
  }

  private linkTo(path: string): HTMLElement {
    const item = make("li");
    const button = make("button", "file", path);
    button.type = "button";
    button.addEventListener("click", () => void this.open(path, true));
    item.append(button);
    return item;
  }

  /** The open file, over a reload; each tab of the browser has its own. */
  private get remembered(): string | null {
    try {
      return sessionStorage.getItem(`editor-file:${this.host.learner}`) || null;
    } catch {
      return null;
    }
  }

  private set remembered(path: string) {
    try {
      sessionStorage.setItem(`editor-file:${this.host.learner}`, path);
    } catch {
      // Not remembered; the editor works all the same.
    }
  }
}
