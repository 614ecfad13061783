import { effect, signal } from "@preact/signals";
import { h, render } from "preact";
import { Answers } from "./answers.ts";
import { Api } from "./api.ts";
import type { App } from "./app.ts";
import { Inbox } from "./inbox.ts";
import { startKeyboard } from "./keyboard.ts";
import { followInOneTab, type LiveState } from "./live.ts";
import { startPreferences } from "./preferences.ts";
import { startRouting } from "./route.ts";
import { codeFromAddress, pageKey, Session } from "./session.ts";
import { Shell } from "./views/shell.ts";

const RETRY_MS = 3_000;

/** Ends early when the network is back, and when `signal` aborts. */
const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const over = new AbortController();
    const wake = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const timer = setTimeout(wake, ms);
    addEventListener("online", wake, { signal: over.signal });
    signal?.addEventListener("abort", wake, { signal: over.signal });
  });

function compose(): App {
  const api: Api = new Api({
    fetch: (...call) => fetch(...call),
    pageKey,
    onSignedOut: () => session.ended(),
  });
  const session = new Session(api);
  const inbox = new Inbox(api);
  const answers = new Answers({
    api,
    storage: sessionStorage,
    onRequest: (request) => inbox.take([request]),
    newKey: () => crypto.randomUUID(),
    now: Date.now,
    sleep,
  });
  const { agentsAskHere, takesAnswers, signInCommand } = document.documentElement.dataset;
  return {
    facts: { agentsAskHere, signInCommand, takesAnswers: takesAnswers === "true" },
    api,
    session,
    inbox,
    answers,
    live: signal<LiveState>({ kind: "connecting" }),
    now: signal(Date.now()),
  };
}

/** Follows the events for as long as a person is signed in. */
function followWhileSignedIn({ session, api, inbox, live }: App): void {
  let following: AbortController | undefined;
  effect(() => {
    following?.abort();
    if (session.state.value.kind !== "signed_in") return inbox.clear();
    following = new AbortController();
    void inbox.load();
    void followInOneTab(
      {
        open: (lastId, signal) => api.events(lastId, signal),
        onRequest: (request) => inbox.take([request]),
        onReset: () => void inbox.load(),
        onState: (state) => (live.value = state),
        now: Date.now,
        sleep,
      },
      following.signal,
    );
  });
}

async function start(root: Element): Promise<void> {
  const app = compose();
  const isLegendOpen = signal(false);
  await startPreferences();
  startRouting();
  followWhileSignedIn(app);
  startKeyboard(app, isLegendOpen);
  setInterval(() => (app.now.value = Date.now()), 1_000);
  addEventListener("hashchange", () => {
    const code = codeFromAddress();
    if (code !== undefined) void app.session.start(code);
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key === "loopgate.page_key" && newValue === null) app.session.ended();
  });
  render(h(Shell, { app, isLegendOpen }), root);
  await app.session.start(codeFromAddress());
  while (app.session.state.peek().kind === "unreachable") {
    await sleep(RETRY_MS);
    await app.session.retry();
  }
}

const root = document.querySelector("#app");
if (root !== null) void start(root);
