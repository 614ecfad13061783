import { useSignal } from "@preact/signals";
import { h } from "preact";
import type { App } from "../app.ts";
import { el, type View } from "../element.ts";
import { words } from "../preferences.ts";
import { go } from "../route.ts";
import { CopyButton } from "./agent-text.ts";

/** Shown while nothing waits: how to try it out, and how to connect an agent. */
export function Start({ app }: { readonly app: App }): View {
  const { agentsAskHere, takesAnswers } = app.facts;
  return el(
    "div",
    { class: "start" },
    !takesAnswers && el("p", null, words.value.showsOnly),
    agentsAskHere === "freely" && takesAnswers && h(AskYourself, { app }),
    agentsAskHere !== "no" && h(Commands, { needsKey: agentsAskHere === "with_key" }),
  );
}

function AskYourself({ app }: { readonly app: App }): View {
  const problem = useSignal("");
  const { askYourself, askYourselfHint, testQuestion, refused } = words.value;
  const ask = async () => {
    const reply = await app.api.ask({
      message: testQuestion,
      request_type: "confirmation",
      session_id: "first-question",
    });
    if (reply.kind !== "ok") {
      problem.value = refused(reply.kind === "problem" ? reply.problem.detail : words.value.unreachable);
      return;
    }
    app.inbox.take([reply.body]);
    go(`/r/${reply.body.request_id}`);
  };
  return el(
    "section",
    null,
    el("p", null, askYourselfHint),
    el("button", { class: "primary", onClick: () => void ask() }, askYourself),
    el("p", { class: "muted", role: "status" }, problem.value),
  );
}

function Commands({ needsKey }: { readonly needsKey: boolean }): View {
  const { connect, connectHint } = words.value;
  return el(
    "section",
    { class: "commands" },
    el("h2", null, connect),
    el("p", { class: "muted" }, connectHint),
    commandsFor(location.origin, needsKey).map(([name, command]) =>
      el(
        "figure",
        { key: name },
        el("figcaption", null, name, h(CopyButton, { text: command })),
        el("pre", { tabIndex: 0 }, command),
      ),
    ),
  );
}

/** Ready to paste, with the address of this Loopgate, and a place for the key if one is needed. */
export function commandsFor(
  address: string,
  needsKey: boolean,
): readonly (readonly [name: string, command: string])[] {
  const [name, value] = ["Authorization", "Bearer lk_pub_…"];
  const server = { url: `${address}/mcp`, ...(needsKey ? { headers: { [name]: value } } : {}) };
  const claude = needsKey ? ` --header "${name}: ${value}"` : "";
  const curl = needsKey ? ` -H "${name}: ${value}"` : "";
  return [
    ["Claude Code", `claude mcp add --transport http loopgate ${address}/mcp${claude}`],
    ["Cursor: .cursor/mcp.json", JSON.stringify({ mcpServers: { loopgate: server } }, null, 2)],
    [
      "curl",
      `curl ${address}/v1/requests${curl} -H "Content-Type: application/json" \\\n  -d '{"message":"Deploy v2?","request_type":"confirmation"}'`,
    ],
  ];
}
