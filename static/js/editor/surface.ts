import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Transaction, type Extension, type StateCommand } from "@codemirror/state";
import { EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { say } from "../strings.ts";
import { indentOf, languageOf } from "./languages.ts";

export interface SurfaceEvents {
  edit(text: string): void;
  /** It shall be saved now. */
  save(): void;
}

/** The colours are those of the lessons' code blocks, by day and by night. */
const colours = HighlightStyle.define([
  { tag: [tags.comment, tags.meta], color: "var(--code-comment)" },
  { tag: [tags.string, tags.special(tags.string), tags.attributeValue], color: "var(--code-string)" },
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword], color: "var(--code-keyword)", fontWeight: "600" },
  { tag: [tags.variableName, tags.propertyName, tags.attributeName, tags.tagName, tags.definition(tags.variableName)], color: "var(--code-name)" },
  { tag: [tags.number, tags.bool, tags.atom], color: "var(--code-number)" },
]);

/** Marks a change that brings in what the file holds: nobody typed it. */
const FROM_FILE = "file";

/** The text that is edited. Each file keeps its history of changes while the page lives. */
export class Surface {
  private readonly view: EditorView;
  private readonly states = new Map<string, EditorState>();
  private path = "";

  constructor(
    parent: HTMLElement,
    private readonly events: SurfaceEvents,
  ) {
    this.view = new EditorView({ parent });
  }

  show(path: string, text: string): void {
    this.leave();
    this.path = path;
    this.view.setState(this.states.get(path) ?? this.begin(text));
    this.replace(text);
  }

  /** Put another text in the place of this one, as a change that can be undone. */
  replace(text: string): void {
    const { state } = this.view;
    if (state.sliceDoc() === text) return;
    if (state.lineBreak !== lineBreakOf(text)) return this.view.setState(this.begin(text));
    this.view.dispatch({
      changes: { from: 0, to: state.doc.length, insert: state.toText(text) },
      annotations: Transaction.userEvent.of(FROM_FILE),
    });
  }

  forget(path: string): void {
    if (path === this.path) this.path = "";
    this.states.delete(path);
  }

  focus(): void {
    this.view.focus();
  }

  private leave(): void {
    if (this.path) this.states.set(this.path, this.view.state);
  }

  private begin(text: string): EditorState {
    return EditorState.create({ doc: text, extensions: this.extensions(this.path, text) });
  }

  private extensions(path: string, text: string): Extension[] {
    return [
      lineNumbers(),
      highlightSpecialChars(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      history(),
      bracketMatching(),
      EditorView.lineWrapping,
      EditorState.lineSeparator.of(lineBreakOf(text)),
      EditorState.tabSize.of(4),
      indentUnit.of(indentOf(path)),
      syntaxHighlighting(colours),
      languageOf(path, text),
      keymap.of([
        { key: "Mod-s", run: () => (this.events.save(), true), preventDefault: true },
        { key: "Tab", run: insertIndent, shift: indentLess },
        ...defaultKeymap,
        ...historyKeymap,
      ]),
      EditorView.contentAttributes.of({ "aria-label": path, tabindex: "0", "aria-description": say("editor-way-out") }),
      EditorView.domEventHandlers({ keydown: letTabLeave, blur: (_event, view) => (view.setTabFocusMode(false), this.events.save(), false) }),
      EditorView.updateListener.of((update) => {
        const typed = update.transactions.some((one) => one.docChanged && !one.isUserEvent(FROM_FILE));
        if (typed) this.events.edit(update.state.sliceDoc());
      }),
    ];
  }
}

/** Tab indents, until Esc was pressed: then it leaves, as it does everywhere else. */
function letTabLeave(event: KeyboardEvent, view: EditorView): boolean {
  if (event.key === "Escape") view.setTabFocusMode(true);
  else if (event.key !== "Tab" && event.key !== "Shift") view.setTabFocusMode(false);
  return false;
}

const insertIndent: StateCommand = (target) => {
  const { state, dispatch } = target;
  if (state.selection.ranges.some((range) => !range.empty)) return indentMore(target);
  dispatch(state.update(state.replaceSelection(state.facet(indentUnit)), { scrollIntoView: true, userEvent: "input" }));
  return true;
};

/** Lines end as they did: a file is not changed where nobody typed. */
export function lineBreakOf(text: string): string {
  const all = text.match(/\r\n|\r|\n/g) ?? [];
  return all.length > 0 && all.every((one) => one === "\r\n") ? "\r\n" : "\n";
}
