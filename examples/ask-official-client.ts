import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const client = new Client({ name: "deployer", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL("http://127.0.0.1:8080/mcp")));

const question = {
  message: "Deploy build 42 to production?",
  request_type: "confirmation",
  // For retries of this one call; every new question needs a new key.
  idempotency_key: crypto.randomUUID(),
  wait_seconds: 50,
};

async function ask() {
  const result = await client.callTool({ name: "request_human_input", arguments: question });
  return result.structuredContent as { status?: string; approved?: boolean | null };
}

let answer = await ask();
// The same key is the same request: calling again only goes on waiting.
while (answer.status === "pending") answer = await ask();

console.log(answer.approved === true ? "deploying" : "not deploying", answer);
await client.close();
