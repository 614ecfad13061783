import {
  type Authenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { NatsStartupError } from "../../startup-error.ts";

/** @throws NatsStartupError for an address that can't be used. Its message contains no secret. */
export function parseServers(servers: string | readonly string[]): readonly URL[] {
  const urls = [servers].flat().map(parseServer);
  if (urls.length === 0) throw new NatsStartupError("NATS_URL is empty: set it to nats://host:4222");
  return urls;
}

function parseServer(server: string): URL {
  const url = URL.parse(server.includes("://") ? server : `nats://${server}`);
  if (url === null || url.host === "" || !["nats:", "tls:"].includes(url.protocol)) {
    throw new NatsStartupError(
      "NATS_URL is not an address such as nats://host:4222 or tls://host:4222: separate several addresses with " +
        `commas, and ${ENCODE}`,
    );
  }
  // What follows the first "/", "?" or "#" of a password reads as a path.
  if (/@/.test(url.pathname + url.search + url.hash)) {
    throw new NatsStartupError(`NATS_URL has a password that can't be read: ${ENCODE}`);
  }
  return url;
}

const ENCODE = "percent-encode special characters in a password";

/** The first user in the addresses applies to all servers; a user without a password is a token. */
export function loginOf(urls: readonly URL[]): Authenticator {
  const url = urls.find(({ username }) => username !== "");
  if (url === undefined) return () => undefined;
  const user = decoded(url.username);
  return url.password === ""
    ? tokenAuthenticator(user)
    : usernamePasswordAuthenticator(user, decoded(url.password));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new NatsStartupError(`NATS_URL has a % that begins no %xx: ${ENCODE}`);
  }
}
