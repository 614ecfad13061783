/** What a browser that is signed in sends with each call of the inbox's page. */
export interface SignedInBrowser {
  readonly headers: Readonly<Record<string, string>>;
  call(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Called>;
}

/** The members of a reply that tests read. */
interface Body {
  readonly [name: string]: unknown;
  readonly page_key?: string;
  readonly result?: { readonly structuredContent: View };
}

/** A request as a tool returns it. */
export interface View {
  readonly [name: string]: unknown;
  readonly request_id: string;
  readonly created_at: string;
}

export interface Called {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export async function call(
  url: string,
  method: string,
  headers: Record<string, string>,
  body?: object,
): Promise<Called> {
  const payload = body === undefined ? null : JSON.stringify(body);
  const response = await fetch(url, { method, headers, body: payload });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? {} : JSON.parse(text),
  };
}

export const codeOf = (link: string): string => new URL(link).hash.replace("#code=", "");

export const spendCode = (url: string, code: string): Promise<Called> =>
  call(`${url}/auth/code`, "POST", { origin: url, "content-type": "application/json" }, { code });

/** Signs in with a new link. */
export async function signIn(inbox: {
  readonly url: string;
  newLink(): Promise<string>;
}): Promise<SignedInBrowser> {
  const { url } = inbox;
  const answer = await spendCode(url, codeOf(await inbox.newLink()));
  const [cookie = ""] = answer.headers.getSetCookie().map((line) => line.split(";")[0] ?? "");
  const headers = {
    cookie,
    "loopgate-page-key": answer.body.page_key ?? "",
    origin: url,
    "sec-fetch-site": "same-origin",
    "content-type": "application/json",
  };
  return {
    headers,
    call: (method, path, body, more = {}) => call(`${url}${path}`, method, { ...headers, ...more }, body),
  };
}
