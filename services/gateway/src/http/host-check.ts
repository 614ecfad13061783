import {
  localhostAllowedHostnames,
  validateHostHeader,
  validateOriginHeader,
} from "@modelcontextprotocol/server";
import type { FastifyReply, FastifyRequest } from "fastify";
import { refuseRequest } from "./errors.ts";

/** For probes and scrapes, which name addresses: they tell nothing about anybody and change nothing. */
const openToAnyHost = new Set(["/healthz", "/readyz", "/metrics"]);

/**
 * Refuses requests that a foreign web page could make a browser send (DNS rebinding): `Host` must be a loopback name or
 * an allowed one, and so must `Origin` if there is one.
 */
export function hostCheck(allowedHosts: readonly string[]) {
  const allowed = [...localhostAllowedHostnames(), ...allowedHosts.map(hostnameOf)];
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (openToAnyHost.has(request.routeOptions.url ?? "")) return undefined;
    const { host, origin } = request.headers;
    if (!validateHostHeader(host, allowed).ok) return forbid(request, reply, "Host");
    if (!validateOriginHeader(origin, allowed).ok) return forbid(request, reply, "Origin");
    return undefined;
  };
}

const forbid = (request: FastifyRequest, reply: FastifyReply, header: string): FastifyReply =>
  refuseRequest(request, reply, {
    code: "forbidden",
    message: `The ${header} header names a host that is not allowed. Its operator adds it to LOOPGATE_ALLOWED_HOSTS.`,
  });

/** As URLs write it: lower case, IPv6 in brackets, without a port. */
const hostnameOf = (host: string): string => URL.parse(`http://${host}`)?.hostname ?? host;
