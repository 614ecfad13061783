import { appendFileSync, readFileSync } from "node:fs";
import { Server } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";

/**
 * An MCP server over stdio that answers its calls by a script, the next one after a restart, too: `[journal, replies]`.
 * A reply is what `structuredContent` will be, or "die". It writes every call into the journal, one a line.
 */
const [journal = "", script = "[]"] = process.argv.slice(2);
const replies = JSON.parse(script) as ("die" | Record<string, unknown>)[];

serveStdio(() => {
  const server = new Server({ name: "scripted", version: "1.0.0" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", () => ({ tools: [] }));
  server.setRequestHandler("tools/call", ({ params: { name, arguments: args } }) => {
    const done = readFileSync(journal, "utf8").split("\n").length - 1;
    const call = { tool: name, args, process: process.pid, at: Date.now(), secret: process.env["SECRET"] };
    appendFileSync(journal, `${JSON.stringify(call)}\n`);
    const reply = replies[done] ?? {};
    if (reply === "die") process.exit(1);
    return { content: [], structuredContent: reply, isError: "error" in reply };
  });
  return server;
});
