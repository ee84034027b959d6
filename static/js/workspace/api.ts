/** The web API of sandboxes and checks: each call ends in one of a few answers, and never throws. */
import type { Sandbox } from "./protocol.ts";

export type Answer =
  | { readonly kind: "sandbox"; readonly sandbox: Sandbox }
  | { readonly kind: "full"; readonly error: string; readonly retryAfter: number }
  | { readonly kind: "missing" }
  | { readonly kind: "signed-out" }
  | { readonly kind: "refused"; readonly error: string }
  | { readonly kind: "unreachable" };

const PATIENCE = 20_000;

/** Ask the server; a body goes as JSON, or as a form if it is one. */
export function request(url: string, method: "GET" | "POST" | "PUT", csrf: string, body?: object): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const isForm = body instanceof URLSearchParams;
  if (method !== "GET") headers["X-CSRFToken"] = csrf;
  if (body && !isForm) headers["Content-Type"] = "application/json";
  return fetch(url, {
    method,
    headers,
    ...(body ? { body: isForm ? body : JSON.stringify(body) } : {}),
    credentials: "same-origin",
    // A redirect leads to a sign-in page, which is no answer to a script.
    redirect: "manual",
    signal: AbortSignal.timeout(PATIENCE),
  });
}

export async function askSandbox(url: string, method: "GET" | "POST", csrf: string, form?: URLSearchParams): Promise<Answer> {
  try {
    return await understand(await request(url, method, csrf, form));
  } catch {
    return { kind: "unreachable" };
  }
}

async function understand(response: Response): Promise<Answer> {
  if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) {
    return { kind: "signed-out" };
  }
  if (response.status === 404) return { kind: "missing" };
  const body = await readObject(response);
  const error = typeof body["error"] === "string" ? body["error"] : "";
  if (response.ok && typeof body["code"] === "string") {
    return { kind: "sandbox", sandbox: body as unknown as Sandbox };
  }
  if (response.status === 503 && typeof body["retry_after"] === "number") {
    return { kind: "full", error, retryAfter: body["retry_after"] };
  }
  return error ? { kind: "refused", error } : { kind: "unreachable" };
}

async function readObject(response: Response): Promise<Record<string, unknown>> {
  try {
    const value: unknown = await response.json();
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
