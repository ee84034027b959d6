/** What was typed and is not saved yet, kept in the browser: by learner, as they may share one, and by path. */
export interface Draft {
  readonly text: string;
  /** The version of the file that the text was made from. */
  readonly version: string;
}

export class Drafts {
  private readonly prefix: string;

  constructor(
    learner: string,
    private readonly store: Storage | null = storage(),
  ) {
    this.prefix = `draft:${learner}:`;
  }

  get paths(): string[] {
    const keys = Array.from({ length: this.store?.length ?? 0 }, (_, at) => this.store?.key(at) ?? "");
    return keys.filter((key) => key.startsWith(this.prefix)).map((key) => key.slice(this.prefix.length));
  }

  of(path: string): Draft | null {
    try {
      const { text, version } = JSON.parse(this.store?.getItem(this.prefix + path) ?? "null") as Draft;
      return typeof text === "string" && typeof version === "string" ? { text, version } : null;
    } catch {
      return null;
    }
  }

  /** Return false if the browser has no room for it. */
  keep(path: string, draft: Draft): boolean {
    try {
      this.store?.setItem(this.prefix + path, JSON.stringify(draft));
      return this.store !== null;
    } catch {
      return false;
    }
  }

  /** Forget the draft if it is this text; another tab's may be a newer one. */
  drop(path: string, text: string): void {
    if (this.of(path)?.text === text) this.forget(path);
  }

  forget(path: string): void {
    this.store?.removeItem(this.prefix + path);
  }
}

/** Where cookies are blocked, the very mention of it throws. */
function storage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
