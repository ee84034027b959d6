/** The editor's API: files of the learner's home. Each call ends in one of a few replies, and never throws. */
import { say } from "../strings.ts";
import { request } from "../workspace/api.ts";

/** The version of a file that is not there yet. */
export const NEW = "-";

export interface Entry {
  readonly name: string;
  readonly folder: boolean;
  readonly size: number;
}

export interface FileContent {
  readonly text: string;
  /** Names what the file held when it was read. */
  readonly version: string;
}

export type Reply<Body> =
  | { readonly kind: "ok"; readonly body: Body }
  | { readonly kind: "conflict" | "later" | "refused"; readonly error: string }
  | { readonly kind: "not-there" };

export interface Files {
  list(folder: string): Promise<Reply<{ entries: Entry[] }>>;
  read(path: string): Promise<Reply<FileContent>>;
  write(path: string, text: string, version: string): Promise<Reply<{ version: string }>>;
}

export class HomeFiles implements Files {
  /** `place` is the address of the learner's sandbox, or null while there is none. */
  constructor(
    private readonly place: () => string | null,
    private readonly csrf: string,
  ) {}

  list(folder: string): Promise<Reply<{ entries: Entry[] }>> {
    return this.call("GET", `files/?${new URLSearchParams({ folder })}`);
  }

  read(path: string): Promise<Reply<FileContent>> {
    return this.call("GET", `file/?${new URLSearchParams({ path })}`);
  }

  write(path: string, text: string, version: string): Promise<Reply<{ version: string }>> {
    return this.call("PUT", `file/?${new URLSearchParams({ path })}`, { text, version });
  }

  private async call<Body>(method: "GET" | "PUT", what: string, body?: object): Promise<Reply<Body>> {
    const place = this.place();
    if (!place) return { kind: "later", error: say("editor-no-sandbox") };
    try {
      return await understand(await request(place + what, method, this.csrf, body));
    } catch {
      return { kind: "later", error: say("editor-unreachable") };
    }
  }
}

async function understand<Body>(response: Response): Promise<Reply<Body>> {
  if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) {
    return { kind: "later", error: say("editor-signed-out") };
  }
  const body = (await response.json().catch(() => ({}))) as { error?: unknown };
  if (response.ok) return { kind: "ok", body: body as Body };
  const error = typeof body.error === "string" ? body.error : "";
  if (response.status === 409) return { kind: "conflict", error };
  if (response.status === 404 && error) return { kind: "not-there" };
  // A sandbox that is gone, a server with a fault, too many at once: all may be better soon.
  if (response.status === 404) return { kind: "later", error: say("editor-no-sandbox") };
  if (response.status >= 500 || response.status === 429) return { kind: "later", error: error || say("editor-unreachable") };
  return { kind: "refused", error: error || say("editor-not-taken") };
}
