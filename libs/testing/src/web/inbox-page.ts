/** A reply of the inbox. The body of an empty one has no members. */
export interface PageReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly [name: string]: unknown };
}

/** Calls a route such as `POST /v1/requests` of a server. */
export async function callRoute(
  url: string,
  route: string,
  { headers, body }: { readonly headers?: Record<string, string>; readonly body?: object } = {},
): Promise<PageReply> {
  const [method = "", path = ""] = route.split(" ");
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? {} : (JSON.parse(text) as PageReply["body"]),
  };
}

/**
 * Sends the code of a link, as the page does that the link opens.
 * @param url where the inbox listens, if a proxy is in between
 */
export function spendLink(link: string, url = new URL(link).origin): Promise<PageReply> {
  const { origin, hash } = new URL(link);
  const body = { code: hash.replace("#code=", "") };
  return callRoute(url, "POST /auth/code", { headers: { origin }, body });
}

/** The inbox's page in a browser that is signed in: it calls with the cookie and the key of the page. */
export class InboxPage {
  readonly url: string;
  /** What the browser and the page send with each call. */
  readonly headers: Readonly<Record<string, string>>;

  private constructor(url: string, headers: Record<string, string>) {
    this.url = url;
    this.headers = headers;
  }

  /**
   * @param at where the inbox listens, if a proxy is in between
   * @throws Error unless the link signs in
   */
  static async open(link: string, at = new URL(link).origin): Promise<InboxPage> {
    const { status, headers, body } = await spendLink(link, at);
    if (status !== 200) throw new Error(`the link does not sign in: ${status}`);
    const { origin } = new URL(link);
    const [cookie = ""] = headers.getSetCookie().map((line) => line.split(";")[0] ?? "");
    return new InboxPage(at, {
      cookie,
      "loopgate-page-key": String(body["page_key"]),
      origin,
      "sec-fetch-site": "same-origin",
    });
  }

  /** The same page, when the proxy leads to another process. */
  at(url: string): InboxPage {
    return new InboxPage(url, this.headers);
  }

  /** @param changes of the headers; an empty value removes one */
  call(route: string, body?: object, changes: Readonly<Record<string, string>> = {}): Promise<PageReply> {
    const headers = Object.fromEntries(
      Object.entries({ ...this.headers, ...changes }).filter(([, value]) => value !== ""),
    );
    return callRoute(this.url, route, { headers, ...(body === undefined ? {} : { body }) });
  }
}
