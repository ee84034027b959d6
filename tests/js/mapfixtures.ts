/** A small bazaar, and the words of the page, for the tests of the map. */
import { readFileSync } from "node:fs";
import { loadStrings } from "../../static/js/strings.ts";
import type { ContainerState, ImageState, ObjectEvent, Objects } from "../../static/js/workspace/protocol.ts";

export const WEB: ContainerState = {
  id: "c0ffee000001", name: "web", image: "nginx", state: "running", health: "", exit: null,
  ports: [], networks: ["bridge"], volumes: [], created: 100,
};

export const NGINX: ImageState = {
  id: "bead00000001", tags: ["nginx:latest"], size: 187_000_000, layers: ["aa0000000001", "aa0000000002"], created: 50,
};

export const BRIDGE = { id: "ade000000001", name: "bridge", driver: "bridge" };

export function bazaar(parts: Partial<Objects> = {}): Objects {
  return { containers: [WEB], images: [NGINX], networks: [BRIDGE], volumes: [], ...parts };
}

export function told(kind: ObjectEvent["kind"], action: string, parts: Partial<ObjectEvent> = {}): ObjectEvent {
  return {
    type: "object", id: 1, at: "2026-01-02T03:04:05.000Z", kind, action, object: "", name: "", image: "", exit: null,
    container: "", order: 1, ...parts,
  };
}

/** The page's own texts, as a reader of English gets them. */
export function loadWords(): void {
  const source = readFileSync("templates/sandbox/workspace_map_strings.html", "utf8");
  const texts = [...source.matchAll(/data-s="([^"]+)">\{% translate "([^"]*)"/g)];
  const content = { querySelectorAll: () => texts.map(([, s, text]) => ({ dataset: { s }, textContent: text })) };
  loadStrings({ querySelectorAll: () => [{ content }] } as unknown as ParentNode);
}
