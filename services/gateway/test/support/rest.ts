import type { NewKey } from "../../src/access/new-key.ts";
import { bearer } from "./key-file.ts";

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- what came over the wire
  readonly body: any;
}

export interface RestCall {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: NewKey;
}

/** Calls `/v1`, such as `rest(url, "GET /v1/requests")`. A body that is a string is sent as it is. */
export async function rest(
  url: string,
  route: string,
  { body, headers = {}, key }: RestCall = {},
): Promise<RestAnswer> {
  const [method = "", path = ""] = route.split(" ");
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : bearer(key)),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}
