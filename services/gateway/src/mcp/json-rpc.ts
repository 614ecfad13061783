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

/** The JSON value of a body or line; undefined if it is not JSON. */
export function parseJson(body: unknown): { readonly value: unknown } | undefined {
  if (typeof body !== "string") return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return { value };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
