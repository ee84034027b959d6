/** The instructor's live console: who does what, who is stuck, and the buttons that help. */
import { find, setText } from "./dom.ts";
import { keep, read } from "./site/choices.ts";
import { loadStrings, say } from "./strings.ts";
import { Board, ordered, type Order } from "./classroom/board.ts";
import { ConsoleApi } from "./classroom/consoleapi.ts";
import { Grid } from "./classroom/consolegrid.ts";
import { RadarView, suggestion } from "./classroom/consoleradar.ts";
import { ask } from "./classroom/dialogs.ts";
import { followRoom } from "./classroom/roomstream.ts";
import type { RadarGroup, Row } from "./classroom/protocol.ts";
import type { Deed } from "./classroom/rowmenu.ts";

const TICK = 5_000;
const TOAST = 8_000;
const GENTLE = new Set(["extend", "start"]); // what is done to sandboxes without a question

class Console {
  private readonly board = new Board();
  private readonly api: ConsoleApi;
  private readonly grid: Grid;
  private readonly radar: RadarView;
  private readonly stale = new Set<number>();
  private readonly waving = new Set<number>();
  private frame = 0;
  private order: Order;
  private toastTimer = 0;

  constructor(private readonly root: HTMLElement) {
    const { base = "", csrf = "", code = "" } = root.dataset;
    this.api = new ConsoleApi(base, csrf);
    const doors = { isOffered: this.isOffered, act: (id: number, deed: Deed) => void this.act(id, deed) };
    this.grid = new Grid(find<HTMLTableElement>(root, "[data-grid]"), this.board, doors);
    this.radar = new RadarView(find(root, "[data-radar]"), find(root, "[data-radar-empty]"), this.board, {
      hint: (group) => void this.write(group.members, true, suggestion(group)),
      select: (group) => this.selectGroup(group),
    });
    this.order = orderOf(read("console-order"));
    this.bind();
    followRoom(code, this.board, {
      changed: (change) => {
        for (const id of change.rows) this.stale.add(id);
        if (change.columns && this.board.room) this.grid.build(this.board.room);
        if (change.columns) for (const id of this.board.rows.keys()) this.stale.add(id);
        this.grid.remove(change.gone);
        this.tellHands();
        this.drawSoon();
      },
      connection: (state) => this.showConnection(state),
    });
    window.setInterval(() => this.drawAll(), TICK);
  }

  // --- drawing ---

  private get now(): number {
    return this.board.now(Date.now());
  }

  private drawAll(): void {
    for (const id of this.board.rows.keys()) this.stale.add(id);
    this.drawSoon();
  }

  /** Many changes are one drawing. */
  private drawSoon(): void {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.frame = 0;
    const { room, rows } = this.board;
    if (!room) return;
    const drawn = [...this.stale].flatMap((id) => rows.get(id) ?? []);
    this.stale.clear();
    this.grid.draw(drawn, this.now);
    // Not under somebody's hand: a row that is worked with keeps its place.
    if (!this.root.querySelector(".row-menu[open]")) this.grid.arrange(ordered(rows.values(), this.board.stuck, this.order));
    this.grid.sum(room, rows.size);
    this.radar.draw(this.now);
    this.drawHead();
  }

  private drawHead(): void {
    const { room, rows } = this.board;
    if (!room) return;
    const all = [...rows.values()];
    const hands = all.filter(({ hand_at }) => hand_at).length;
    const running = all.filter(({ sandbox }) => sandbox?.state === "running" && !sandbox.paused).length;
    const done = all.reduce((sum, row) => sum + Object.keys(row.done).length, 0);
    const percent = all.length ? Math.round((100 * done) / (all.length * Math.max(1, room.columns.length))) : 0;
    const { workshop } = room;
    this.root.dataset["state"] = workshop.state;
    const put = (name: string, text: string): void => setText(find(this.root, `[data-${name}]`), text);
    put("title", workshop.title);
    put("state-name", say(`workshop-${workshop.state}`));
    put("count", say("count", { n: all.length, of: workshop.capacity }));
    put("running", say("running", { n: running }));
    put("done", say("done", { percent }));
    put("hands", say("hands", { n: hands }));
    find(this.root, "[data-hands]").dataset["some"] = String(hands > 0);
    find(this.root, "[data-empty]").hidden = all.length > 0;
    find(this.root, "[data-when='planned']").hidden = workshop.state === "open";
    find(this.root, "[data-when='open']").hidden = workshop.state !== "open";
    put("showing", workshop.showing ? say("showing", { name: workshop.showing }) : "");
    find(this.root, "[data-stop-show]").hidden = !workshop.showing;
    find(this.root, "[data-show]").hidden = workshop.showing !== null;
  }

  private showConnection(state: string): void {
    const sign = find(this.root, "[data-connection]");
    sign.dataset["connection"] = state;
    setText(sign, say(`connection-${state}`));
  }

  /** A hand that goes up is told to screen readers, too. */
  private tellHands(): void {
    for (const row of this.board.rows.values()) {
      if (row.hand_at && !this.waving.has(row.id)) this.announce(say("hand-announced", { name: row.name }));
      if (row.hand_at) this.waving.add(row.id);
      else this.waving.delete(row.id);
    }
  }

  private announce(text: string): void {
    setText(find(this.root, "[data-announcer]"), text);
  }

  private toast(text: string, isError = false): void {
    const box = find(this.root, "[data-toast]");
    box.dataset["error"] = String(isError);
    setText(box, text);
    box.hidden = false;
    clearTimeout(this.toastTimer);
    this.toastTimer = window.setTimeout(() => {
      box.hidden = true;
      box.textContent = "";
    }, TOAST);
  }

  // --- choosing ---

  private bind(): void {
    const order = find<HTMLSelectElement>(this.root, "[data-order]");
    order.value = this.order;
    order.addEventListener("change", () => {
      this.order = orderOf(order.value);
      keep("console-order", this.order);
      this.drawSoon();
    });
    this.grid.onSelect = () => this.showSelection();
    const on = (selector: string, act: () => void): void => find(this.root, selector).addEventListener("click", act);
    on("[data-select='all']", () => this.grid.select(this.board.rows.keys()));
    on("[data-select='stuck']", () => this.grid.select(this.board.stuck));
    on("[data-select='none']", () => this.grid.select([...this.grid.selected], false));
    on("[data-do='note']", () => void this.write([...this.grid.selected], false));
    on("[data-do='hint']", () => void this.write([...this.grid.selected], true));
    for (const button of this.root.querySelectorAll<HTMLElement>("[data-sandboxes]")) {
      button.addEventListener("click", () => void this.change([...this.grid.selected], button.dataset["sandboxes"] ?? ""));
    }
    on("[data-show]", () => void this.send("show/", { on: "yes" }, say("shown")));
    on("[data-stop-show]", () => void this.send("show/", { on: "no" }, ""));
    on("[data-copy]", () => void navigator.clipboard?.writeText(this.root.dataset["link"] ?? "").then(() => this.toast(say("copied"))));
    this.showSelection();
  }

  private showSelection(): void {
    const count = this.grid.selected.size;
    setText(find(this.root, "[data-selected]"), say("selected", { n: count }));
    for (const button of this.root.querySelectorAll<HTMLButtonElement>("[data-do], [data-sandboxes]")) button.disabled = !count;
  }

  private selectGroup(group: RadarGroup): void {
    this.grid.select([...this.grid.selected], false);
    this.grid.select(group.members);
  }

  // --- doing ---

  private readonly isOffered = (id: number, deed: Deed): boolean => {
    const row = this.board.rows.get(id);
    if (!row) return false;
    const runs = row.sandbox?.state === "running";
    const offered: Partial<Record<Deed, boolean>> = { hand: row.hand_at !== null, watch: runs, extend: runs, rename: row.guest, done: row.at !== null };
    return offered[deed] ?? true;
  };

  private async act(id: number, deed: Deed): Promise<void> {
    const row = this.board.rows.get(id);
    if (!row) return;
    const one = `participants/${id}/`;
    if (deed === "watch") location.assign(`${this.root.dataset["base"] ?? ""}${one}`);
    else if (deed === "note") await this.write([id], false);
    else if (deed === "hand") await this.send(`${one}hand/`);
    else if (deed === "restart" || deed === "reset" || deed === "extend") await this.change([id], deed);
    else if (deed === "code") this.toast(say("code", { name: row.name, code: row.code }));
    else if (deed === "done") await this.markDone(row);
    else if (deed === "rename") await this.rename(row);
    else if (await this.sure("remove", { name: row.name })) await this.send(`${one}remove/`, {}, say("removed", { name: row.name }));
  }

  private async send(path: string, fields: Record<string, string> = {}, success = ""): Promise<boolean> {
    this.root.dataset["busy"] = "true";
    const { ok, error } = await this.api.post(path, fields);
    this.root.dataset["busy"] = "false";
    if (!ok) this.toast(error, true);
    else if (success) this.toast(success);
    return ok;
  }

  /** Write a note or a hint to these learners. */
  private async write(to: readonly number[], isHint: boolean, suggested = ""): Promise<void> {
    const names = to.flatMap((id) => this.board.rows.get(id)?.name ?? []).join(", ");
    const given = await ask(this.dialog("note"), (form) => {
      setText(find(form, "[data-note-to]"), say("note-to", { n: to.length, names }));
      find<HTMLInputElement>(form, "[name=hint]").checked = isHint;
      find<HTMLTextAreaElement>(form, "[name=text]").value = suggested;
    });
    const text = String(given?.get("text") ?? "").trim();
    if (!given || !text) return;
    await this.send("notes/", { to: to.join(","), text, hint: given.has("hint") ? "yes" : "no" }, say("sent", { n: to.length }));
  }

  private async change(to: readonly number[], action: string): Promise<void> {
    if (!GENTLE.has(action) && !(await this.sure(action, { n: to.length }))) return;
    const { ok, error, body } = await this.api.post("sandboxes/", { to: to.join(","), action });
    if (!ok) return this.toast(error, true);
    const refused = (body["refused"] ?? []) as { name: string; error: string }[];
    if (refused.length) this.toast(refused.map((one) => `${one.name}: ${one.error}`).join(" "), true);
    else this.toast(say("sandboxes-done", { n: Number(body["done"]) }));
  }

  private async markDone(row: Row): Promise<void> {
    const open = this.board.room?.columns.filter(({ key }) => !row.done[key]) ?? [];
    const given = await ask(this.dialog("done"), (form) => {
      const choice = find<HTMLSelectElement>(form, "select");
      choice.replaceChildren(...open.map(({ key, day, title }) => new Option(say("column", { day, title }), key, false, key === row.at)));
      setText(find(form, "[data-done-who]"), row.name);
    });
    const task = given?.get("task");
    if (typeof task === "string") await this.send(`participants/${row.id}/done/`, { task }, say("marked", { name: row.name }));
  }

  private async rename(row: Row): Promise<void> {
    const given = await ask(this.dialog("rename"), (form) => (find<HTMLInputElement>(form, "[name=name]").value = row.name));
    const name = given?.get("name");
    if (typeof name === "string") await this.send(`participants/${row.id}/rename/`, { name });
  }

  private async sure(action: string, values: Record<string, string | number>): Promise<boolean> {
    const given = await ask(this.dialog("sure"), (form) => setText(find(form, "[data-sure-text]"), say(`sure-${action}`, values)));
    return given !== null;
  }

  private dialog(name: string): HTMLDialogElement {
    return find<HTMLDialogElement>(this.root, `[data-dialog='${name}']`);
  }
}

function orderOf(kept: string | null): Order {
  return kept === "name" || kept === "progress" ? kept : "need";
}

const root = document.getElementById("console");
if (root) {
  loadStrings();
  new Console(root);
}
