import type { LoginRefused } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import type { MongoOptions } from "./mongo-connection.ts";

/** Logs outages of MongoDB, each with its reason. */
export const mongoOptions = (
  logger: Logger,
  onLoginRefused: (error: LoginRefused) => void,
): MongoOptions => ({
  onDisconnected: (err) => logger.warn({ err }, "MongoDB is disconnected"),
  onReconnected: () => logger.info("MongoDB is connected again"),
  onLoginRefused,
});
