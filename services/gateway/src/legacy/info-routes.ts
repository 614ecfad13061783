import type { FastifyInstance } from "fastify";
import { capabilities } from "../mcp/identity.ts";
import type { ToolRegistry } from "../tools/registry.ts";

/** What the original Loopgate told about itself by GET. */
export function addInfoRoutes(app: FastifyInstance, tools: ToolRegistry, version: string): void {
  app.get("/health", { config: { access: "public" } }, () => ({
    status: "healthy",
    service: "loopgate",
    version,
  }));
  app.get("/mcp/tools", { config: { access: ["request"] } }, () => ({
    id: "tools-list",
    result: { tools: tools.definitions },
  }));
  app.get("/mcp/capabilities", { config: { access: ["request"] } }, () => ({
    capabilities,
    serverInfo: { name: "loopgate", version },
  }));
}
