// The notifier's writes to JetStream and nothing else of it: no reads, no Telegram.
import { bareJetStream } from "./bare-jetstream.ts";

const { js, consume } = await bareJetStream(process.env["NATS_URL"] ?? "");
const payload = JSON.stringify({ text: "x".repeat(400) });
const pressed = "loopgate.channel.v1.default.telegram.1.in";

await consume(
  { stream: "LOOPGATE_REQUESTS", name: "bare-outbound", filters: ["loopgate.req.v1.*.*.created"] },
  async ({ subject }) => {
    const request = subject.slice(0, -".created".length);
    const delivered = async () => {
      await js.publish(`$KV.LOOPGATE_COPIES.${request}`, payload);
      await js.publish(`${request}.delivered.telegram_1_2.1`, payload, { msgID: `${request}.delivered` });
    };
    await Promise.all([delivered(), js.publish(pressed, request, { msgID: request })]);
  },
);
await consume({ stream: "LOOPGATE_CHANNEL", name: "bare-inbound", filters: [pressed] }, (message) => {
  const request = message.string();
  const first = { lastSubjectSequence: 0 };
  return js.publish(`${request}.decided`, payload, { msgID: `${request}.decided`, expect: first });
});
process.stdout.write("ready\n");
