import type { Box } from "./plan.ts";

/** What lies aside counts so much more than what lies ahead. */
const ASIDE = 3;

/** Return the key of the thing that an arrow key leads to; null if there is none on that side, or the key leads nowhere. */
export function towards(key: string, from: string, boxes: ReadonlyMap<string, Box>): string | null {
  if (key === "Home") return [...boxes.keys()][0] ?? null;
  if (key === "End") return [...boxes.keys()].at(-1) ?? null;
  const start = boxes.get(from);
  if (!start || !key.startsWith("Arrow")) return null;
  let nearest: string | null = null;
  let least = Infinity;
  for (const [other, box] of boxes) {
    const cost = other === from ? Infinity : costOf(key, start, box);
    if (cost < least) [nearest, least] = [other, cost];
  }
  return nearest;
}

function costOf(key: string, from: Box, to: Box): number {
  const isLevel = key === "ArrowLeft" || key === "ArrowRight";
  const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
  const dx = to.x + to.width / 2 - from.x - from.width / 2;
  const dy = to.y + to.height / 2 - from.y - from.height / 2;
  const ahead = sign * (isLevel ? dx : dy);
  if (ahead <= 1) return Infinity;
  const aside = isLevel ? gap(from.y, from.height, to.y, to.height) : gap(from.x, from.width, to.x, to.width);
  // Of those straight ahead, the one in the middle.
  return ahead + ASIDE * aside + 0.01 * Math.abs(isLevel ? dy : dx);
}

function gap(from: number, length: number, to: number, other: number): number {
  return Math.max(0, to - from - length, from - to - other);
}
