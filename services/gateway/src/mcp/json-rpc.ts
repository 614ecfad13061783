import { z } from "zod";

/** The id of a call, which its answer repeats. */
export const CallId = z.union([z.string(), z.number()]);
export type CallId = z.infer<typeof CallId>;

/** The id of a malformed call, if it has one. */
export const idIn = (body: unknown): CallId | null =>
  z.looseObject({ id: CallId }).safeParse(body).data?.id ?? null;

/** True for a body with the member `jsonrpc`. */
export const isMessage = (body: unknown): boolean =>
  typeof body === "object" && body !== null && "jsonrpc" in body && body.jsonrpc !== undefined;

/** A JSON-RPC error for a call whose id is unknown. */
export const jsonRpcError = (code: number, message: string) => ({
  jsonrpc: "2.0",
  error: { code, message },
  id: null,
});

/** The answer to a body or line that is JSON and no message. */
export const invalidRequest = (body: unknown, message = "Invalid Request") => ({
  ...jsonRpcError(-32_600, message),
  id: idIn(body),
});

/** Why JSON that nests too deep is an invalid request. */
export const TOO_DEEP = "Invalid Request: the JSON nests too deep, send fewer levels";
