import { StreamLanguage, type StreamParser } from "@codemirror/language";
import { css } from "@codemirror/legacy-modes/mode/css";
import { dockerFile } from "@codemirror/legacy-modes/mode/dockerfile";
import { javascript, json } from "@codemirror/legacy-modes/mode/javascript";
import { nginx } from "@codemirror/legacy-modes/mode/nginx";
import { properties } from "@codemirror/legacy-modes/mode/properties";
import { python } from "@codemirror/legacy-modes/mode/python";
import { shell } from "@codemirror/legacy-modes/mode/shell";
import { html } from "@codemirror/legacy-modes/mode/xml";
import { yaml } from "@codemirror/legacy-modes/mode/yaml";

const KNOWN: [RegExp, StreamParser<unknown>][] = [
  [/(^|\/)(Docker|Container)file[^/]*$|\.dockerfile$/i, dockerFile as StreamParser<unknown>],
  [/\.ya?ml$/i, yaml],
  [/\.sh$|(^|\/)\.(bashrc|profile|bash_\w+)$/, shell],
  [/\.py$/, python],
  [/\.html?$/i, html as StreamParser<unknown>],
  [/\.css$/i, css],
  [/\.m?js$/, javascript],
  [/\.json$/, json],
  [/\.(env|ini|conf\.d|properties)$|(^|\/)\.env$/, properties],
  [/\.conf$/, nginx],
];

/** Return how to colour a file, by its name, or by its first line if that names a shell; nothing if neither tells. */
export function languageOf(path: string, text: string): StreamLanguage<unknown>[] {
  const parser = KNOWN.find(([name]) => name.test(path))?.[1] ?? (/^#!.*sh\b/.test(text) ? shell : undefined);
  return parser ? [StreamLanguage.define(parser)] : [];
}

/** What the Tab key inserts. A Makefile takes nothing but tabs. */
export function indentOf(path: string): string {
  if (/(^|\/)Makefile$|\.mk$/.test(path)) return "\t";
  return /\.py$|(^|\/)(Docker|Container)file/i.test(path) ? "    " : "  ";
}
