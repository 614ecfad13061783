// What `state` reads and writes on JetStream and nothing else of it: no database.
import { bareJetStream } from "./bare-jetstream.ts";

const TIMERS = "LOOPGATE_TIMERS";
const { js, manager, consume } = await bareJetStream(process.env["NATS_URL"] ?? "");
const payload = JSON.stringify({ text: "x".repeat(200) });

await consume(
  { stream: "LOOPGATE_REQUESTS", name: "bare-projection", filters: ["loopgate.req.v1.>"] },
  async () => undefined,
);
await consume(
  {
    stream: "LOOPGATE_REQUESTS",
    name: "bare-timers",
    filters: ["loopgate.req.v1.*.*.created", "loopgate.req.v1.*.*.decided"],
  },
  ({ subject }) => {
    const [, , , tenant, id, event] = subject.split(".");
    const timer = `loopgate.timer.v1.${tenant}.${id}.expiry`;
    if (event === "decided") return manager.streams.purge(TIMERS, { filter: timer });
    const specification = { at: new Date(Date.now() + 300_000) };
    return js.publish(timer, payload, {
      schedule: { specification, target: `loopgate.due.v1.${tenant}.${id}.expiry` },
    });
  },
);
process.stdout.write("ready\n");
