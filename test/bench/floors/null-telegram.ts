// A Telegram that answers at once, and in which everybody presses the first button of whatever they are asked.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface SentMessage {
  readonly chat_id: number | string;
  readonly reply_markup?: {
    readonly inline_keyboard: readonly (readonly { readonly callback_data: string }[])[];
  };
}

let nextMessage = 1;
let nextUpdate = 1;
let updates: object[] = [];
let poll: ServerResponse | undefined;

const server = createServer((request, response) => void serve(request, response));
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const [, bot, method = ""] = /^\/bot(\d+):[^/]+\/(\w+)/.exec(request.url ?? "") ?? [];
  switch (method) {
    case "getMe":
      return answer(response, { id: Number(bot), is_bot: true, first_name: "Gate", username: "gate_bot" });
    case "sendMessage":
      return send(JSON.parse(Buffer.concat(chunks).toString()) as SentMessage, response);
    case "getUpdates":
      poll = response;
      return handOut();
    default:
      return answer(response, true);
  }
}

function send({ chat_id, reply_markup }: SentMessage, response: ServerResponse): void {
  const chat = { id: Number(chat_id), type: "private" };
  const message = { message_id: nextMessage++, date: Math.floor(Date.now() / 1_000), chat };
  answer(response, message);
  const data = reply_markup?.inline_keyboard[0]?.[0]?.callback_data;
  if (data === undefined) return;
  const update_id = nextUpdate++;
  const from = { id: chat.id, is_bot: false, first_name: "Alice" };
  updates.push({
    update_id,
    callback_query: { id: String(update_id), from, message, data, chat_instance: "1" },
  });
  handOut();
}

/** What was handed out is not kept: nothing gets lost on this way. */
function handOut(): void {
  if (poll === undefined || updates.length === 0) return;
  answer(poll, updates.slice(0, 100));
  updates = updates.slice(100);
  poll = undefined;
}

function answer(response: ServerResponse, result: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ ok: true, result }));
}
