import { h } from "preact";
import type { App } from "../app.ts";
import { el, type View } from "../element.ts";
import { words } from "../preferences.ts";
import type { SessionState } from "../session.ts";
import { CopyButton } from "./agent-text.ts";

/** Everything that a person sees who is not signed in: no question, no count, no name. */
export function SignInPage({ app }: { readonly app: App }): View {
  return el("main", { class: "sign-in" }, el("h1", null, "Loopgate"), content(app, app.session.state.value));
}

function content(app: App, state: SessionState): View | null {
  const told = words.value;
  if (state.kind === "starting") return el("p", { class: "muted", role: "status" }, told.signingIn);
  if (state.kind === "unreachable") return el("p", { role: "status" }, told.unreachable);
  if (state.kind === "offered") return h(Offer, { app, name: state.me.name, code: state.code });
  if (state.kind !== "signed_out") return null;
  const { signInCommand: command = "" } = app.facts;
  const why = { used: told.codeUsed, too_many: told.tooMany };
  return el(
    "div",
    null,
    state.why !== undefined && el("p", { class: "problem", role: "alert" }, why[state.why]),
    command !== "" && [
      el("p", null, told.signInHint),
      el("p", { class: "command" }, el("code", null, command), h(CopyButton, { text: command })),
    ],
    el("p", { class: "muted" }, told.signInInvited),
  );
}

interface OfferProps {
  readonly app: App;
  readonly name: string;
  readonly code: string;
}

/** A link may be another person's, so it replaces no session by itself. */
function Offer({ app: { session }, name, code }: OfferProps): View {
  const { signedInAlready, useLink, keepSession } = words.value;
  return el(
    "div",
    null,
    el("p", null, signedInAlready(name)),
    el("button", { class: "primary", onClick: () => void session.start(undefined) }, keepSession),
    el("button", { onClick: () => void session.take(code) }, useLink),
  );
}
