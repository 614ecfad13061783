import { z } from "zod";
import { settingRule } from "./rule.ts";
import { type Environment, listSetting, readableFile, secretFileOf } from "./configuration.ts";

const isAddress = (server: string): boolean =>
  URL.canParse(server.includes("://") ? server : `nats://${server}`);

/** The NATS server of the distributed topology. */
export const natsVariables = {
  NATS_URL: listSetting.pipe(
    z
      .array(z.string().refine(isAddress, "is not an address: use one such as nats://localhost:4222"))
      .min(1, "is missing: set it to the address of the NATS server, such as nats://localhost:4222"),
  ),
  NATS_CREDS_FILE: readableFile.optional(),
  NATS_CA_FILE: readableFile.optional(),
  NATS_CERT_FILE: readableFile.optional(),
  NATS_KEY_FILE: readableFile.optional(),
  NATS_JS_DOMAIN: z
    .string()
    .regex(/^[^\s.*>]+$/, "is not the name of a JetStream domain: it has no spaces, dots and wildcards")
    .optional(),
  LOOPGATE_STREAM_REPLICAS: z.coerce
    .number("must be 1, 3 or 5")
    .refine((count) => [1, 3, 5].includes(count), "must be 1, 3 or 5")
    .default(1),
};

type NatsRead = z.infer<z.ZodObject<typeof natsVariables>>;

export const certificateHasKey = settingRule<NatsRead>(
  "NATS_CERT_FILE",
  "and NATS_KEY_FILE belong together: set both, or neither",
  ({ NATS_CERT_FILE: certificate, NATS_KEY_FILE: key }) =>
    (certificate === undefined) === (key === undefined),
);

/** The URL may contain a user and a password. */
export const natsSecrets = ["NATS_URL"] as const;

/** @param environment where `read` comes from: files are read again while the process runs */
export const natsSettingsOf = (read: NatsRead, environment: Environment) => {
  const urlFile = secretFileOf("NATS_URL", environment);
  return {
    servers: read.NATS_URL,
    replicas: read.LOOPGATE_STREAM_REPLICAS,
    ...(urlFile === undefined ? {} : { urlFile }),
    ...(read.NATS_CREDS_FILE === undefined ? {} : { credsFile: read.NATS_CREDS_FILE }),
    ...(read.NATS_CA_FILE === undefined ? {} : { caFile: read.NATS_CA_FILE }),
    ...(read.NATS_CERT_FILE === undefined ? {} : { certFile: read.NATS_CERT_FILE }),
    ...(read.NATS_KEY_FILE === undefined ? {} : { keyFile: read.NATS_KEY_FILE }),
    ...(read.NATS_JS_DOMAIN === undefined ? {} : { domain: read.NATS_JS_DOMAIN }),
  };
};
