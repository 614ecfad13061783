import { signal } from "@preact/signals";
import type { Api } from "./api.ts";
import type { Me } from "./api.ts";

export type SessionState =
  | { readonly kind: "starting" | "unreachable" }
  | { readonly kind: "signed_out"; readonly why?: "used" | "too_many" }
  | { readonly kind: "signed_in"; readonly me: Me }
  /** A link was opened in a browser that is signed in: it may be another person's. */
  | { readonly kind: "offered"; readonly me: Me; readonly code: string };

const NAME = "loopgate.page_key";

/** Where the page key is kept: per origin, port included, as cookies are not. */
export const pageKey = (): string | undefined => localStorage.getItem(NAME) ?? undefined;

/** Who is signed in. */
export class Session {
  readonly state = signal<SessionState>({ kind: "starting" });
  readonly #api: Api;
  #code: string | undefined;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Finds out who is signed in; a code signs in, but asks first if a person is signed in already. */
  async start(code: string | undefined): Promise<void> {
    this.#code = code;
    if (pageKey() === undefined) return code === undefined ? this.ended() : this.take(code);
    const reply = await this.#api.me();
    if (reply.kind === "ok") {
      const me = reply.body;
      this.state.value = code === undefined ? { kind: "signed_in", me } : { kind: "offered", me, code };
      return;
    }
    if (reply.kind === "problem" && reply.problem.status === 401)
      return code === undefined ? this.ended() : this.take(code);
    this.state.value = { kind: "unreachable" };
  }

  /** Tries again what the server did not answer. */
  retry(): Promise<void> {
    return this.start(this.#code);
  }

  /** Signs in with a one-time code. */
  async take(code: string): Promise<void> {
    this.state.value = { kind: "starting" };
    const reply = await this.#api.signIn(code);
    if (reply.kind === "ok") {
      localStorage.setItem(NAME, reply.body.page_key);
      return this.start(undefined);
    }
    if (reply.kind === "offline") {
      this.state.value = { kind: "unreachable" };
      return;
    }
    this.state.value = { kind: "signed_out", why: reply.problem.status === 429 ? "too_many" : "used" };
  }

  async signOut(where: "here" | "everywhere"): Promise<void> {
    await (where === "here" ? this.#api.signOut() : this.#api.signOutEverywhere());
    this.ended();
  }

  /** The server does not know the session any more, or another tab has signed out. */
  ended(): void {
    localStorage.removeItem(NAME);
    this.state.value = { kind: "signed_out" };
  }
}

/** Takes the one-time code out of the address, so that it stays in no history. */
export function codeFromAddress(): string | undefined {
  const [, code] = /^#code=([\w-]+)$/.exec(location.hash) ?? [];
  if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
  return code;
}
