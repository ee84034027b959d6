/** A choice the reader makes once and keeps: its name in localStorage, and its values, of which the first is the default. */
export interface Choice {
  readonly key: string;
  readonly values: readonly [string, ...string[]];
}

export const THEME: Choice = { key: "theme", values: ["auto", "light", "dark"] };
export const STORY: Choice = { key: "story", values: ["on", "off"] };

/** Return the kept value, or the default where there is none, or the browser keeps nothing. */
export function loadChoice({ key, values }: Choice): string {
  const kept = read(key);
  return kept !== null && values.includes(kept) ? kept : values[0];
}

export function keepChoice({ key }: Choice, value: string): void {
  keep(key, value);
}

/** localStorage throws where cookies are blocked; a page that cannot remember must still work. */
export function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Not remembered; the page works all the same.
  }
}
