import { z } from "zod";

/** What names a call in its answer. */
export const CallId = z.union([z.string(), z.number()]);
export type CallId = z.infer<typeof CallId>;

/** The id to answer a call with that is otherwise none. */
export const idIn = (body: unknown): CallId | null =>
  z.looseObject({ id: CallId }).safeParse(body).data?.id ?? null;

/** True for what names its protocol: everything else is a plain call. */
export const isMessage = (body: unknown): boolean =>
  typeof body === "object" && body !== null && "jsonrpc" in body && body.jsonrpc !== undefined;

/** A JSON-RPC error of the transport: nobody knows whose call it was. */
export const jsonRpcError = (code: number, message: string) => ({
  jsonrpc: "2.0",
  error: { code, message },
  id: null,
});
