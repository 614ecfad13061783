import type { FastifyInstance } from "fastify";
import { capabilities } from "../mcp/identity.ts";
import type { ToolRegistry } from "../tools/registry.ts";

/** What the first Loopgate told about itself by GET. */
export function addInfoRoutes(app: FastifyInstance, tools: ToolRegistry, version: string): void {
  app.get("/health", () => ({ status: "healthy", service: "loopgate", version }));
  app.get("/mcp/tools", () => ({ id: "tools-list", result: { tools: tools.definitions } }));
  app.get("/mcp/capabilities", () => ({ capabilities, serverInfo: { name: "loopgate", version } }));
}
