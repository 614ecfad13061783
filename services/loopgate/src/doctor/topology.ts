import type { Environment } from "@loopgate/settings";
import { valueOf } from "../stdio-proxy/environment.ts";

/** True where the services run over NATS; else one process has everything in a data directory. */
export const isDistributed = (environment: Environment): boolean =>
  valueOf(environment, "NATS_URL") !== undefined || valueOf(environment, "NATS_URL_FILE") !== undefined;

/** True where there is a database beside the log. */
export const hasMongo = (environment: Environment): boolean =>
  valueOf(environment, "MONGODB_URI") !== undefined || valueOf(environment, "MONGODB_URI_FILE") !== undefined;
