import { MongoServerSelectionError, type TopologyDescription } from "mongodb";

const AWAY = "MongoDB is away: see whether it runs, and the network";

const unresolved = /^(ENOTFOUND|EAI_AGAIN|ENODATA|ESERVFAIL|ETIMEOUT)$/;
const certificateFailure = /CERT|SIGNED|SIGNATURE|ISSUER|ALTNAME/;
const tlsFailure = /SSL|TLS|EPROTO/;

/** Why MongoDB can't be used, as a message with the next step. It names causes that do not pass by themselves. */
export function whyAway(error: unknown): string {
  const named = causesOf(error).map(nameOf);
  return named.find((message) => message !== undefined) ?? AWAY;
}

/** The same for the servers that the driver watches. */
export const whyUnwritable = ({ servers }: TopologyDescription): string =>
  whyAway(new AggregateError([...servers.values()].map(({ error }) => error)));

/** This error and all behind it: those of each server, and their causes. */
function causesOf(error: unknown): readonly Error[] {
  if (!(error instanceof Error)) return [];
  const servers =
    error instanceof MongoServerSelectionError ? [...(error.reason?.servers.values() ?? [])] : [];
  const behind = [
    ...servers.map((server) => server.error),
    ...(error instanceof AggregateError ? error.errors : []),
    error.cause,
  ];
  return [...behind.flatMap(causesOf), error];
}

function nameOf(error: Error): string | undefined {
  const code = "code" in error ? String(error.code) : "";
  if (unresolved.test(code)) {
    const host = "hostname" in error ? ` ${String(error.hostname)}` : "";
    return `the host name${host} of MONGODB_URI can't be resolved (${code}): check the name, and DNS`;
  }
  if (certificateFailure.test(code)) {
    return (
      `MongoDB's certificate is not trusted (${code}): set tlsCAFile in MONGODB_URI to the authority that ` +
      "signed it, and use the host name of the certificate"
    );
  }
  if (tlsFailure.test(code)) {
    return `TLS with MongoDB fails (${code}): check that the server offers TLS, and tlsCertificateKeyFile in MONGODB_URI`;
  }
  if (error.message.includes("before secure TLS connection was established")) {
    return "MongoDB ends the connection before TLS begins: check that the server offers TLS, or remove tls=true from MONGODB_URI";
  }
  if (/^connection .* closed$/.test(error.message)) {
    return (
      "MongoDB ends the connection while connecting: if it runs, check whether it wants TLS (tls=true in " +
      "MONGODB_URI), or a client certificate (tlsCertificateKeyFile)"
    );
  }
  return undefined;
}
