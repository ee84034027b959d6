import { find, setText } from "../dom.ts";
import { keep, read } from "../site/choices.ts";
import { say } from "../strings.ts";
import { Announcer } from "../workspace/announce.ts";
import { Deeds } from "./consoledeeds.ts";
import { NoteDialog, SureDialog } from "./consoledialogs.ts";
import { Grid } from "./consolegrid.ts";
import { LearnerDialog } from "./consolelearner.ts";
import { RoomLink, type LinkState } from "./consolelink.ts";
import { sortingOf } from "./consoleorder.ts";
import { Radar } from "./consoleradar.ts";
import { Selection } from "./consoleselection.ts";
import { countsOf, newHands, stuckIn, type RoomState } from "./consolestate.ts";
import { Toasts } from "./consoletoasts.ts";

/** How often the relative times are written anew. */
const TICK = 10_000;
const SORTING = "console-sorting";

/** The instructor's live console: the room as it is, who needs help, and what can be done for them. */
export class ConsolePage {
  private readonly link: RoomLink;
  private readonly selection = new Selection();
  private readonly toasts: Toasts;
  private readonly deeds: Deeds;
  private readonly grid: Grid;
  private readonly radar: Radar;
  private readonly learner: LearnerDialog;
  private readonly announcer: Announcer;
  private readonly sort: HTMLSelectElement;
  private state: RoomState | null = null;

  constructor(private readonly page: HTMLElement) {
    const { code = "", csrf = "", room = "" } = page.dataset;
    this.link = new RoomLink(code, {
      onRoom: (state, before) => this.draw(state, before),
      onLink: (state) => this.showLink(state),
    });
    this.toasts = new Toasts(find(page, "[data-toasts]"));
    this.deeds = new Deeds(room, csrf, this.toasts, new SureDialog(page), new NoteDialog(page));
    this.learner = new LearnerDialog(page, room, this.deeds, () => this.link.clock.now());
    this.grid = new Grid(page, room, this.selection, (id) => this.learner.open(id));
    this.radar = new Radar(page, room, {
      hint: (ids, suggestion) => this.deeds.write(ids, true, suggestion),
      select: (ids) => this.selection.replace(ids),
      lower: (id, button) => void this.deeds.lowerHand(id, button).then((error) => error && this.toasts.fail(error)),
    });
    this.announcer = new Announcer(find(page, "[data-announcer]"));
    this.sort = find<HTMLSelectElement>(page, "[data-sort]");
    this.sort.value = sortingOf(read(SORTING));
    this.bind();
  }

  start(): void {
    this.link.start();
    window.setInterval(() => this.tick(), TICK);
  }

  private bind(): void {
    this.sort.addEventListener("change", () => {
      keep(SORTING, this.sort.value);
      if (this.state) this.grid.draw(this.state, sortingOf(this.sort.value), this.link.clock.now());
    });
    const all = find<HTMLInputElement>(this.page, "[data-select-all]");
    all.addEventListener("change", () => this.selection.replace(all.checked ? (this.state?.rows.keys() ?? []) : []));
    find(this.page, "[data-select-stuck]").addEventListener("click", () => {
      this.selection.replace(this.state ? stuckIn(this.state) : []);
    });
    for (const act of ["note", "hint"]) {
      find(this.page, `[data-act=${act}]`).addEventListener("click", () => this.deeds.write(this.selection.all, act === "hint"));
    }
    const menu = find<HTMLDetailsElement>(this.page, ".console-sandbox-menu");
    for (const button of menu.querySelectorAll<HTMLButtonElement>("[data-sandbox]")) {
      button.addEventListener("click", () => {
        menu.open = false;
        find(menu, "summary").focus();
        this.deeds.sandboxes(this.selection.all, button.dataset["sandbox"] ?? "", button);
      });
    }
    this.selection.onChange(() => this.showSelection());
    this.showSelection();
    find(this.page, "[data-copy-code]").addEventListener("click", (event) => void this.copyCode(event.currentTarget as HTMLElement));
  }

  private draw(state: RoomState, before: RoomState | null): void {
    this.state = this.deeds.state = state;
    const now = this.link.clock.now();
    this.selection.keep((id) => state.rows.has(id));
    this.head(state, now);
    this.grid.draw(state, sortingOf(this.sort.value), now);
    this.radar.draw(state, now);
    this.learner.refresh(state);
    this.showSelection();
    for (const name of newHands(before, state)) this.announcer.say(say("hand-raised", { name }));
  }

  private head(state: RoomState, now: number): void {
    const { workshop } = state;
    this.page.dataset["state"] = workshop.state;
    setText(find(this.page, "[data-title]"), workshop.title);
    setText(find(this.page, "[data-workshop-state]"), say(`state-${workshop.state}`));
    find(this.page, "[data-open]").hidden = workshop.state === "open";
    find(this.page, "[data-close]").hidden = workshop.state !== "open";
    const counts = countsOf(state, now);
    const count = (name: string, text: string | number): void => setText(find(this.page, `[data-count=${name}]`), String(text));
    count("here", say("here-of", { here: counts.here, people: counts.people }));
    count("done", `${counts.done}%`);
    count("hands", counts.hands);
    count("stuck", counts.stuck);
    this.page.classList.toggle("has-hands", counts.hands > 0);
    this.page.classList.toggle("has-stuck", counts.stuck > 0);
  }

  /** Time has passed: what is told of times is told anew. */
  private tick(): void {
    if (!this.state || document.visibilityState === "hidden") return;
    const now = this.link.clock.now();
    this.grid.tick(now);
    this.radar.draw(this.state, now);
    this.head(this.state, now);
  }

  private showSelection(): void {
    const count = this.selection.size;
    const people = this.state?.rows.size ?? 0;
    const all = find<HTMLInputElement>(this.page, "[data-select-all]");
    all.checked = people > 0 && count === people;
    all.indeterminate = count > 0 && count < people;
    setText(find(this.page, "[data-chosen]"), count ? say("chosen", { count }) : say("chosen-none"));
    const acts = this.page.querySelectorAll<HTMLButtonElement>(".console-acts :is([data-act], [data-sandbox])");
    for (const button of acts) button.disabled = !count;
  }

  private showLink(state: LinkState): void {
    this.page.dataset["link"] = state;
    setText(find(this.page, "[data-link-state]"), say(`link-${state}`));
    const isOver = state === "gone" || state === "signed-out";
    find(this.page, "[data-over]").hidden = !isOver;
    setText(find(this.page, "[data-over-text]"), isOver ? say(`over-${state}`) : "");
    find(this.page, "[data-over-sign-in]").hidden = state !== "signed-out";
    find(this.page, "[data-over-desk]").hidden = state !== "gone";
  }

  private async copyCode(button: HTMLElement): Promise<void> {
    const usual = (button.dataset["usual"] ??= button.textContent ?? "");
    try {
      await navigator.clipboard.writeText(find(this.page, "[data-spoken]").textContent ?? "");
      setText(button, say("code-copied"));
    } catch {
      setText(button, say("code-copy-failed"));
    }
    window.setTimeout(() => setText(button, usual), 2_000);
  }
}
