import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createApp } from "@loopgate/rest";
import { createLogger } from "@loopgate/runtime";
import type { FastifyInstance, RouteOptions } from "fastify";
import { expect, it } from "vitest";
import { localAuthenticator } from "../src/access/authenticator.ts";
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
  `${[method].flat().join(",")} ${url}: ${[config?.access ?? "NO ACCESS RULE"].flat().join(" ")}`;

it("every route declares who may use it", async () => {
  const routes = await routesOfGateway();
  expect(routes.map(describeRoute).toSorted()).toEqual([
    "DELETE /v1/sessions/:session_id: admin",
    "GET /: public",
    "GET /health: public",
    "GET /healthz: public",
    "GET /hitl/pending: request",
    "GET /hitl/poll: request",
    "GET /hitl/status: admin",
    "GET /mcp/capabilities: request",
    "GET /mcp/tools: request",
    "GET /metrics: public",
    "GET /readyz: public",
    "GET /v1/openapi.json: public",
    "GET /v1/requests/:id/timeline: read person",
    "GET /v1/requests/:id: request read person",
    "GET /v1/requests/count: request read person",
    "GET /v1/requests: request read person",
    "GET /v1/sessions/:session_id: admin",
    "GET,DELETE,PUT,PATCH,OPTIONS /mcp: request",
    "HEAD /: public",
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
    "HEAD /v1/openapi.json: public",
    "HEAD /v1/requests/:id/timeline: read person",
    "HEAD /v1/requests/:id: request read person",
    "HEAD /v1/requests/count: request read person",
    "HEAD /v1/requests: request read person",
    "HEAD /v1/sessions/:session_id: admin",
    "POST /hitl/cancel: request",
    "POST /hitl/deactivate: admin",
    "POST /hitl/register: admin",
    "POST /hitl/request: request",
    "POST /mcp: request",
    "POST /v1/requests/:id/cancel: request",
    "POST /v1/requests: request",
    "PUT /v1/sessions/:session_id: admin",
  ]);
});

it("a route without an access rule can't be added", async () => {
  const logger = createLogger("test", "silent");
  await using app = createApp({ allowedHosts: [], authenticator: localAuthenticator, logger });
  expect(() => app.get("/new", () => "new")).toThrow("GET /new has no access rule");
});
