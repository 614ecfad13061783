// A pod of agents that ask, and wait for the answers. AGENTS ask one question after another until the pod is told to
// stop, or QUESTIONS have been asked. The last line that it prints is a summary as JSON.
import { setTimeout as pause } from "node:timers/promises";
import { connect, LoopgateError } from "@loopgate/client";

const url = process.env["LOOPGATE_URL"] ?? "";
const apiKey = process.env["LOOPGATE_API_KEY"] ?? "";
const agents = Number(process.env["AGENTS"] ?? 1);
const limit = Number(process.env["QUESTIONS"] ?? Infinity);

const PAUSE_BETWEEN_QUESTIONS_MS = 100;
const LOOK_AGAIN_MS = 50;

const summary = { asked: 0, approved: 0, otherwise: 0, probes: 0, refused: [] as string[] };
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());

/** What enforces NetworkPolicies knows a new pod only after a moment. */
async function untilGatewayAnswers(): Promise<void> {
  while (
    !(await fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await pause(LOOK_AGAIN_MS);
}

/** Asks without retries: every call that fails counts. */
async function submitOnce(number: number): Promise<void> {
  summary.probes += 1;
  const args = { message: `Probe ${number}?`, request_type: "confirmation", client_id: "probe" };
  const body = {
    jsonrpc: "2.0",
    id: number,
    method: "tools/call",
    params: { name: "request_human_input", arguments: args },
  };
  const headers = { "content-type": "application/json", authorization: `Bearer ${apiKey}` };
  try {
    const response = await fetch(`${url}/mcp`, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok || !text.includes("request_id"))
      summary.refused.push(`${response.status} ${text.slice(0, 200)}`);
  } catch (error) {
    const { message, cause } = error as Error;
    summary.refused.push(`${message}: ${String(cause)}`);
  }
}

/** Asks as agents do, with the client that keeps waiting over restarts. */
async function agent(number: number): Promise<void> {
  await using loopgate = connect({ url: `${url}/mcp`, apiKey });
  await loopgate.initialize(`agent-${number}`, "1.0.0");
  while (!stop.signal.aborted && summary.asked < limit) {
    summary.asked += 1;
    try {
      const view = await loopgate.ask({ message: `May agent ${number} go on?`, requestType: "confirmation" });
      if (view.approved === true) summary.approved += 1;
      else summary.otherwise += 1;
    } catch (error) {
      summary.refused.push(error instanceof LoopgateError ? error.code : String(error));
    }
    await pause(PAUSE_BETWEEN_QUESTIONS_MS);
  }
}

async function probe(): Promise<void> {
  for (let number = 1; !stop.signal.aborted; number += 1) {
    await submitOnce(number);
    await pause(PAUSE_BETWEEN_QUESTIONS_MS);
  }
}

await untilGatewayAnswers();
const asking = Array.from({ length: agents }, (_, number) => agent(number));
await Promise.all(limit === Infinity ? [...asking, probe()] : asking);
console.log(JSON.stringify(summary));
