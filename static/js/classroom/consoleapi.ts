/** The buttons of the console. Each call ends in what the server said, or in why it could not be asked. */
import { request } from "../workspace/api.ts";
import { say } from "../strings.ts";

export interface Outcome {
  readonly ok: boolean;
  readonly error: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export class ConsoleApi {
  constructor(
    private readonly base: string,
    private readonly csrf: string,
  ) {}

  async post(path: string, fields: Record<string, string> = {}): Promise<Outcome> {
    try {
      const response = await request(this.base + path, "POST", this.csrf, new URLSearchParams(fields));
      if (response.type === "opaqueredirect" || response.status === 401) return failed(say("signed-out"));
      const body = await readBody(response);
      const error = typeof body["error"] === "string" ? body["error"] : "";
      return response.ok ? { ok: true, error: "", body } : failed(error || say("failed"));
    } catch {
      return failed(say("unreachable"));
    }
  }
}

function failed(error: string): Outcome {
  return { ok: false, error, body: {} };
}

async function readBody(response: Response): Promise<Record<string, unknown>> {
  try {
    const value: unknown = await response.json();
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
