import { isLoopback } from "./loopback.ts";

/** What keeps strangers out, as settings tell it. */
interface Guard {
  readonly apiKeys?: unknown;
  readonly insecure?: boolean | undefined;
}

/** Beyond loopback, callers prove who they are by a key, or the operator takes it upon himself (design 4.4). */
export const mayListen = (host: string, { apiKeys, insecure = false }: Guard): boolean =>
  isLoopback(host) || apiKeys !== undefined || insecure;

/** Why an address is refused, and the ways out; its setting's name stands before it. */
export const openToStrangers =
  "is not a loopback address, and without keys anybody who reaches it can ask and cancel: " +
  "name a file of keys in LOOPGATE_API_KEYS_FILE, use 127.0.0.1, or set LOOPGATE_INSECURE=1 if the network around it is closed";
