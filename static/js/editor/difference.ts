/** Lines of two texts where they differ: "-" is only in the first, "+" only in the second, " " in both. */
export interface Line {
  readonly sign: "-" | "+" | " ";
  readonly text: string;
}

const AROUND = 2;

/** Return the stretch in which two texts differ, with a few lines around it. Equal ends are left out; no more is looked for. */
export function difference(first: string, second: string): Line[] {
  const [a, b] = [first.split("\n"), second.split("\n")];
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const marked = (sign: Line["sign"], lines: string[]): Line[] => lines.map((text) => ({ sign, text }));
  return [
    ...marked(" ", a.slice(Math.max(0, head - AROUND), head)),
    ...marked("-", a.slice(head, a.length - tail)),
    ...marked("+", b.slice(head, b.length - tail)),
    ...marked(" ", a.slice(a.length - tail, a.length - tail + AROUND)),
  ];
}
