import { existsSync } from "node:fs";
import { LoginRefused, StartupError, Unavailable } from "@loopgate/bus";
import { runService } from "@loopgate/runtime";
import { Counter } from "prom-client";

/**
 * A service that needs a server, here a file. Arguments: the port of its health, the path of the file, and what happens
 * while the file is missing: `away`, `refused` (a login), `wrong` (settings); or `later`: the login is refused after the
 * start.
 */
const [port = "0", file = "", what = "away"] = process.argv.slice(2);

function failure(): Error {
  if (what === "refused")
    return new LoginRefused("the server refuses nats://user:canary@host: check the user");
  if (what === "wrong") return new StartupError("the server is too old: upgrade it");
  return new Unavailable("no server answers at nats://user:canary@host: check that it runs");
}

await runService({
  name: "test",
  settings: () => ({ logLevel: "info" }),
  health: () => ({ variable: "HEALTH_PORT", host: "127.0.0.1", port: Number(port), isStandIn: true }),
  loginPatienceMs: 2_500,
  start: async ({ logger, metrics, parts, health, fail }) => {
    const counter = new Counter({ name: "attempts", help: "Attempts.", registers: [metrics] });
    counter.inc();
    parts.defer(async () => logger.info("part closed"));
    if (what !== "later" && !existsSync(file)) throw failure();
    parts.use(health.ready([{ name: "server", required: true, check: async () => undefined }]));
    setInterval(() => undefined, 60_000);
    logger.info("ready");
    if (what === "later") fail(new LoginRefused("the server refuses the user: check it"));
  },
});
