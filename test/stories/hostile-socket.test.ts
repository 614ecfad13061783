import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { HostileInputs } from "@loopgate/testing";
import { expect, it } from "vitest";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";

const setting = StdioSetting.use();
const SEED = 20_261_201;

const handshakes = [
  {
    loopgate: 1,
    as: "front",
    version: "0.0.0",
    identity: "x",
    recipients: { TELEGRAM_CHAT_ID: "7", TELEGRAM_RESPONDER_IDS: "7,8", TELEGRAM_ALLOWED_CHATS: "-5" },
    again: true,
    project: "p",
  },
  { loopgate: 1, as: "doctor", version: "0.0.0", identity: "x", recipients: {}, again: true },
] as const;
const calls = [
  {
    id: 1,
    method: "tools/call",
    params: { name: "request_human_input", arguments: { message: "m", wait_seconds: 0 } },
  },
  { id: 1, method: "tools/call", params: { name: "list_pending_requests", arguments: { limit: 3 } } },
  { jsonrpc: "2.0", id: 1, method: "ping" },
];

/** What a program of this user could write to the daemon's socket. */
function bytesOf(hostile: HostileInputs): string {
  const handshake = hostile.pick(handshakes);
  const isIntact = hostile.below(3) === 0;
  const first = isIntact ? JSON.stringify(handshake) : hostile.textOf(handshake);
  const rest = Array.from({ length: hostile.below(3) }, () => hostile.textOf(hostile.pick(calls)));
  return [first, ...rest].join("\n") + hostile.pick(["\n", "\n", "\r\n", ""]);
}

/** True for a handshake of a newer version: by design, the daemon ends so that it can take over. */
function takesOver(bytes: string): boolean {
  try {
    const { version } = JSON.parse(bytes.split("\n")[0] ?? "");
    return /^\d+\.\d+\.\d+$/.test(version) && version !== "0.0.0";
  } catch {
    return false;
  }
}

/** The lines that the daemon answers, to the end of the connection. */
async function exchange(bytes: string): Promise<readonly unknown[]> {
  const socket = connect(join(setting.dataDirectory, "daemon.sock"));
  await once(socket, "connect");
  socket.on("error", () => undefined).end(bytes);
  const answer = await text(socket).catch(() => "");
  return answer
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}

it("1,000 mutated connections end neither the daemon nor its clients, and decide nothing", async () => {
  const proxy = setting.proxy();
  const asked = await proxy.view("request_human_input", { message: "Deploy?", request_type: "confirmation" });
  const daemon = await setting.daemon();
  const hostile = new HostileInputs(SEED);
  const inputs = Array.from({ length: 1_000 }, () => bytesOf(hostile)).filter((bytes) => !takesOver(bytes));
  expect(inputs.length).toBeGreaterThan(950);
  const left = inputs.values();
  const codes = new Set<unknown>();
  const work = async () => {
    for (const bytes of left)
      for (const line of await exchange(bytes)) {
        const { error } = line as { readonly error?: { readonly code: unknown } };
        if (error !== undefined) codes.add(error.code);
      }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  expect(codes).toEqual(new Set([-32_700, -32_600, -32_601, -32_602]));
  expect(await setting.daemon()).toBe(daemon);
  expect(await proxy.view("check_request_status", { request_id: asked.request_id })).toMatchObject({
    status: "pending",
    approved: null,
  });
  expect(await setting.log()).not.toMatch(/"level":"(?:error|fatal)"/);
});
