import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textIn } from "node:stream/consumers";

/** What the model does in a turn: calls tools, or ends with a text. */
export type Turn =
  | { readonly calls: readonly { readonly tool: string; readonly input: object }[] }
  | { readonly text: string };

interface Block {
  readonly type: string;
  readonly tool_use_id?: string;
  readonly is_error?: boolean;
  readonly content?: unknown;
}

interface Body {
  readonly model: string;
  readonly stream?: boolean;
  readonly tools?: readonly unknown[];
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Block[] }[];
}

/** A server of Anthropic's Messages API that plays a script, in place of a model. */
export interface StubModel extends AsyncDisposable {
  readonly url: string;
  /** What the model was told about its calls, in their order. */
  told(): readonly string[];
}

/** Plays one turn after the other; the last one repeats. A conversation is at the turn that its own calls have reached. */
export async function startStubModel(turns: readonly Turn[]): Promise<StubModel> {
  const results = new Map<string, string>();
  const server = createServer((request, response) => {
    void (async () => {
      const text = await textIn(request);
      const path = new URL(request.url ?? "/", "http://stub").pathname;
      if (!path.endsWith("/messages")) return void response.writeHead(404).end("{}");
      const body = JSON.parse(text) as Body;
      for (const [id, result] of resultsIn(body)) results.set(id, result);
      play(body, turns, response);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told: () => [...results.values()],
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function play(body: Body, turns: readonly Turn[], response: ServerResponse): void {
  const played = body.messages.filter(
    ({ role, content }) =>
      role === "assistant" && typeof content !== "string" && content.some(({ type }) => type === "tool_use"),
  ).length;
  // Requests without tools are the host's own, for example for a title.
  const turn = (body.tools?.length ?? 0) > 0 ? turns[Math.min(played, turns.length - 1)]! : { text: "ok" };
  const content =
    "text" in turn
      ? [{ type: "text", text: turn.text }]
      : turn.calls.map(({ tool, input }, index) => ({
          type: "tool_use",
          id: `toolu_${played}_${index}`,
          name: tool,
          input,
        }));
  const message = {
    id: `msg_${played}`,
    type: "message",
    role: "assistant",
    model: body.model,
    content,
    stop_reason: "text" in turn ? "end_turn" : "tool_use",
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 10 },
  };
  if (body.stream === true) stream(message, response);
  else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(message));
}

type Message = Readonly<Record<string, unknown>> & { readonly content: readonly object[] };

function stream(message: Message, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (type: string, data: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  send("message_start", { message: { ...message, content: [], stop_reason: null } });
  for (const [index, block] of message.content.entries()) {
    const { empty, delta } = partsOf(block);
    send("content_block_start", { index, content_block: empty });
    send("content_block_delta", { index, delta });
    send("content_block_stop", { index });
  }
  const { stop_reason, stop_sequence, usage } = message;
  send("message_delta", { delta: { stop_reason, stop_sequence }, usage });
  send("message_stop", {});
  response.end();
}

/** A block as it begins, and the rest of it. */
const partsOf = (block: object) =>
  "text" in block
    ? { empty: { type: "text", text: "" }, delta: { type: "text_delta", text: block.text } }
    : {
        empty: { ...block, input: {} },
        delta: {
          type: "input_json_delta",
          partial_json: JSON.stringify("input" in block ? block.input : {}),
        },
      };

/** What a request tells about earlier calls, by their ids. */
function resultsIn({ messages }: Body): readonly (readonly [string, string])[] {
  const blocks = messages.flatMap(({ content }) => (typeof content === "string" ? [] : content));
  return blocks
    .filter(({ type }) => type === "tool_result")
    .map((block) => [block.tool_use_id ?? "", textOf(block)] as const);
}

function textOf({ content, is_error }: Block): string {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return `${is_error === true ? "[error] " : ""}${text}`;
}
