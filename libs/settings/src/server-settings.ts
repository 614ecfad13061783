import { isIP } from "node:net";
import { z } from "zod";
import { listSetting } from "./configuration.ts";

/** Where a service with an HTTP server listens, and by which names callers may address it (docs/configuration.md). */
export const serverVariables = {
  SERVER_HOST: z.string().default("127.0.0.1"),
  SERVER_PORT: z.coerce.number("must be a port").int().min(0).max(65_535).default(8080),
  LOOPGATE_ALLOWED_HOSTS: listSetting,
};

type ServerRead = z.infer<z.ZodObject<typeof serverVariables>>;

export const serverSettingsOf = ({ SERVER_HOST: host, SERVER_PORT: port, ...read }: ServerRead) => ({
  listen: { host, port },
  allowedHosts: isLoopback(host) ? [...read.LOOPGATE_ALLOWED_HOSTS, host] : read.LOOPGATE_ALLOWED_HOSTS,
});

/** True for an address that only this machine reaches. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
