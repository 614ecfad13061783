import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createLogger } from "@loopgate/runtime";
import type { FastifyInstance, RouteOptions } from "fastify";
import { expect, it } from "vitest";
import { localAuthenticator } from "../src/access/authenticator.ts";
import { createApp } from "../src/http/app.ts";
import { startGateway } from "./support/gateway.ts";

/** Every route that a gateway adds, as Fastify reports them. */
async function routesOfGateway(): Promise<readonly RouteOptions[]> {
  const routes: RouteOptions[] = [];
  const watch = (message: unknown) => {
    const { fastify } = message as { readonly fastify: FastifyInstance };
    fastify.addHook("onRoute", (route) => void routes.push(route));
  };
  subscribe("fastify.initialization", watch);
  await using _gateway = await startGateway();
  unsubscribe("fastify.initialization", watch);
  return routes;
}

const describeRoute = ({ method, url, config }: RouteOptions) =>
  `${[method].flat().join(",")} ${url}: ${config?.scope ?? "NO SCOPE"}`;

it("every route declares the scope that it needs", async () => {
  const routes = await routesOfGateway();
  expect(routes.map(describeRoute).toSorted()).toEqual([
    "GET /health: public",
    "GET /healthz: public",
    "GET /hitl/pending: request",
    "GET /hitl/poll: request",
    "GET /hitl/status: admin",
    "GET /mcp/capabilities: request",
    "GET /mcp/tools: request",
    "GET /metrics: public",
    "GET /readyz: public",
    "GET,DELETE,PUT,PATCH,OPTIONS /mcp: request",
    "HEAD /health: public",
    "HEAD /healthz: public",
    "HEAD /hitl/pending: request",
    "HEAD /hitl/poll: request",
    "HEAD /hitl/status: admin",
    "HEAD /mcp/capabilities: request",
    "HEAD /mcp/tools: request",
    "HEAD /mcp: request",
    "HEAD /metrics: public",
    "HEAD /readyz: public",
    "POST /hitl/cancel: request",
    "POST /hitl/deactivate: admin",
    "POST /hitl/register: admin",
    "POST /hitl/request: request",
    "POST /mcp: request",
  ]);
});

it("a route without a scope can't be added", async () => {
  const logger = createLogger("test", "silent");
  await using app = createApp({ allowedHosts: [], authenticator: localAuthenticator, logger });
  expect(() => app.get("/new", () => "new")).toThrow("GET /new has no scope");
});
