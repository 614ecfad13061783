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

/** `/` where no inbox serves it: tells a person in a browser what this is. */
export function addFrontPage(app: FastifyInstance, version: string): void {
  app.get("/", { config: { access: "public" } }, (_request, reply) =>
    reply.type("text/plain; charset=utf-8").header("cache-control", "no-store").send(introduction(version)),
  );
}

const introduction = (version: string): string =>
  `This is Loopgate ${version}. AI agents ask people through it, and get their answers.

This address is for agents and programs:
  POST /mcp             the Model Context Protocol
  GET  /v1/openapi.json the REST interface, described as OpenAPI
  GET  /readyz          whether everything that Loopgate needs answers

People do not answer here. A question reaches them as a message, or in the inbox, which has an
address of its own: ask the operator of this Loopgate for it.

docs/interface.md of Loopgate describes all that is served.
`;
