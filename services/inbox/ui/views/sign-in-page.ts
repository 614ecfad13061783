import { h } from "preact";
import { el, type View } from "../element.ts";
import { words } from "../preferences.ts";
import type { Session, SessionState } from "../session.ts";
import { CopyButton } from "./agent-text.ts";

const COMMAND = "./loopgate open";

/** Everything that a person sees who is not signed in: no question, no count, no name. */
export function SignInPage({ session }: { readonly session: Session }): View {
  return el("main", { class: "sign-in" }, el("h1", null, "Loopgate"), content(session, session.state.value));
}

function content(session: Session, state: SessionState): View | null {
  const told = words.value;
  if (state.kind === "starting") return el("p", { class: "muted", role: "status" }, told.signingIn);
  if (state.kind === "unreachable") return el("p", { role: "status" }, told.unreachable);
  if (state.kind === "offered") return h(Offer, { session, name: state.me.name, code: state.code });
  if (state.kind !== "signed_out") return null;
  const why = { used: told.codeUsed, too_many: told.tooMany };
  return el(
    "div",
    null,
    state.why !== undefined && el("p", { class: "problem", role: "alert" }, why[state.why]),
    el("p", null, told.signInHint),
    el("p", { class: "command" }, el("code", null, COMMAND), h(CopyButton, { text: COMMAND })),
    el("p", { class: "muted" }, told.signInInvited),
  );
}

function Offer({
  session,
  name,
  code,
}: {
  readonly session: Session;
  readonly name: string;
  readonly code: string;
}): View {
  const { signedInAlready, useLink, keepSession } = words.value;
  return el(
    "div",
    null,
    el("p", null, signedInAlready(name)),
    el("button", { class: "primary", onClick: () => void session.start(undefined) }, keepSession),
    el("button", { onClick: () => void session.take(code) }, useLink),
  );
}
