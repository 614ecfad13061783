import { describe, expect } from "vitest";
import { it, majors, renderWith } from "./helm.ts";

/** One mistake each, and what the refusal names. */
const mistakes: readonly (readonly [what: string, values: object, named: string])[] = [
  ["a value that does not exist", { gatway: { replicas: 2 } }, "gatway"],
  ["a setting in the wrong place", { gateway: { chatId: "1" } }, "chatId"],
  ["a log level that does not exist", { logLevel: "loud" }, "logLevel"],
  ["two copies of streams", { nats: { replicas: 2 } }, "replicas"],
  ["an address of NATS with a password", { nats: { servers: ["nats://a:b@nats:4222"] } }, "servers"],
  ["an address of NATS with a space", { nats: { servers: ["nats: 4222"] } }, "servers"],
  ["no Secret with the addresses of NATS", { nats: { urlSecret: { name: "" } } }, "urlSecret"],
  ["a Secret's name in capitals", { nats: { credsSecret: { name: "NATS" } } }, "credsSecret"],
  ["two places of one authority", { nats: { ca: { secret: "a", configMap: "b" } } }, "ca"],
  ["a domain with a dot", { nats: { jetStreamDomain: "a.b" } }, "jetStreamDomain"],
  ["no Secret with the address of MongoDB", { mongodb: { uriSecret: { name: "" } } }, "uriSecret"],
  ["a Secret without a key", { mongodb: { uriSecret: { key: "" } } }, "key"],
  ["the address of MongoDB in clear text", { mongodb: { uri: "mongodb://db/loopgate" } }, "uri"],
  ["no Secret with the bot token", { telegram: { botTokenSecret: { name: "" } } }, "botTokenSecret"],
  ["a bot token in clear text", { telegram: { botToken: "1:a" } }, "botToken"],
  ["a group without responders", { telegram: { chatId: -100 } }, "responderIds"],
  ["a group without responders, as text", { telegram: { chatId: "-100/4" } }, "responderIds"],
  ["a chat by its name", { telegram: { chatId: "@name" } }, "chatId"],
  ["a group as a responder", { telegram: { responderIds: [-100] } }, "responderIds"],
  ["anonymous admins as a responder", { telegram: { responderIds: [1087968824] } }, "responderIds"],
  ["an allowed chat with a topic", { telegram: { allowedChats: ["-100/4"] } }, "allowedChats"],
  ["a Bot API server without a scheme", { telegram: { apiRoot: "bot-api" } }, "apiRoot"],
  ["a proxy that speaks SOCKS", { telegram: { proxy: { url: "socks5://a" } } }, "proxy"],
  ["a webhook without TLS", { telegram: { webhook: { url: "http://a.example/x" } } }, "webhook"],
  ["a webhook without a secret", { telegram: { webhook: { secret: { name: "" } } } }, "webhook"],
  ["a webhook on the port of health", { telegram: { webhook: { port: 8080 } } }, "webhook"],
  ["neither Telegram nor an inbox", { telegram: { enabled: false } }, "enabled"],
  ["an inbox without an address", { inbox: { enabled: true } }, "publicUrl"],
  ["an inbox without TLS", { inbox: { publicUrl: "http://inbox.example" } }, "publicUrl"],
  ["an inbox below a path", { inbox: { publicUrl: "https://a.example/inbox" } }, "publicUrl"],
  ["a person without a scheme", { inbox: { responders: ["alice@example.com"] } }, "responders"],
  ["neither API keys nor consent", { gateway: { apiKeysSecret: { name: "" } } }, "apiKeysSecret"],
  ["an origin with a path", { gateway: { allowedOrigins: ["https://a.example/x"] } }, "allowedOrigins"],
  ["a host with a path", { gateway: { allowedHosts: ["a.example/x"] } }, "allowedHosts"],
  ["a wait of more than an hour", { gateway: { maxWaitSeconds: 3_601 } }, "maxWaitSeconds"],
  ["a timeout of no time", { gateway: { defaultTimeoutSeconds: 0 } }, "defaultTimeoutSeconds"],
  ["limits in the wrong order", { gateway: { minTimeoutSeconds: 2_592_001 } }, "minTimeoutSeconds"],
  ["a retention below the limit", { eventLog: { retentionDays: 30 } }, "retentionDays"],
  ["a retention below the longest question", { eventLog: { retentionDays: 59 } }, "retentionDays"],
  ["a log without room for decisions", { eventLog: { maxBytes: 9_999_999 } }, "maxBytes"],
  ["an ingress without hosts", { gateway: { ingress: { enabled: true } } }, "hosts"],
  ["an autoscaler upside down", { gateway: { autoscaling: { minReplicas: 11 } } }, "minReplicas"],
  ["pods that run as root", { podSecurityContext: { runAsUser: 0 } }, "podSecurityContext"],
  ["half a replica", { state: { replicas: 0.5 } }, "replicas"],
  ["a digest of the wrong length", { image: { digest: "sha256:12" } }, "digest"],
  ["an interval without a unit", { metrics: { serviceMonitor: { interval: "30" } } }, "interval"],
];

describe.each(majors)("Helm %d refuses", (major) => {
  it.each(mistakes)("%s", async (_, values, named) => {
    await expect(renderWith(major, values)).rejects.toThrow(named);
  });
});

describe("takes", () => {
  it.each([
    ["a closed network without API keys", { gateway: { apiKeysSecret: { name: "" }, insecure: true } }],
    [
      "an inbox without Telegram",
      { telegram: { enabled: false }, inbox: { enabled: true, publicUrl: "https://inbox.example.com" } },
    ],
    ["an inbox on this machine", { inbox: { enabled: true, publicUrl: "http://localhost:8080" } }],
    ["a person's chat without responders", { telegram: { chatId: 7 } }],
    ["a group with responders", { telegram: { chatId: "-100", responderIds: ["7"] } }],
    [
      "a webhook without TLS for a Bot API server of one's own",
      { telegram: { apiRoot: "http://bot-api:8081", webhook: { url: "http://notifier/x" } } },
    ],
    [
      "the shortest retention with a shorter longest question",
      {
        eventLog: { retentionDays: 31 },
        gateway: { maxTimeoutSeconds: 86_400 },
      },
    ],
    ["user ids that the cluster chooses", { podSecurityContext: null }],
    ["NATS without users", { nats: { servers: ["nats://nats:4222"] } }],
  ])("%s", async (_, values) => {
    expect(await renderWith(4, values)).toContain("kind: Deployment");
  });
});
