/** The commands that a thing of the map offers. Pure. */
import type { ContainerState, ImageState } from "../protocol.ts";
import { shortId, type Thing } from "./things.ts";

/** Return the first of these that a shell takes as it is, and docker for no option; null if none is. */
export function safeName(...names: readonly string[]): string | null {
  return names.find((name) => /^[A-Za-z0-9_][A-Za-z0-9_.:/@-]*$/.test(name)) ?? null;
}

export function commandsFor(thing: Thing): readonly string[] {
  switch (thing.kind) {
    case "container":
      return ofContainer(thing.is);
    case "image":
      return ofImage(thing.is);
    case "network":
      return inspection("network", safeName(thing.is.name, thing.is.id));
    case "volume":
      return inspection("volume", safeName(thing.is.name));
  }
}

function inspection(kind: string, name: string | null): readonly string[] {
  return name ? [`docker ${kind} inspect ${name}`] : [];
}

const FITTING: Record<ContainerState["state"], readonly string[]> = {
  created: ["start", "inspect", "rm"],
  running: ["logs", "inspect", "exec", "pause", "stop"],
  paused: ["logs", "inspect", "unpause", "stop"],
  restarting: ["logs", "inspect", "stop"],
  removing: ["inspect"],
  exited: ["logs", "inspect", "start", "rm"],
  dead: ["inspect", "rm"],
};

function ofContainer({ name, id, state }: ContainerState): readonly string[] {
  const safe = safeName(name, shortId(id));
  if (!safe) return [];
  return (FITTING[state] ?? ["inspect"]).map((verb) =>
    verb === "exec" ? `docker exec -it ${safe} sh` : `docker ${verb} ${safe}`,
  );
}

function ofImage({ tags, id }: ImageState): readonly string[] {
  const safe = safeName(...tags, shortId(id));
  return safe ? [`docker history ${safe}`, `docker run --rm ${safe}`, `docker rmi ${safe}`] : [];
}

/** What client, daemon and registry can be asked. */
export const ASKED: Record<string, readonly string[]> = {
  client: ["docker version"],
  daemon: ["docker ps -a", "docker images", "docker system df"],
  registry: [],
};
