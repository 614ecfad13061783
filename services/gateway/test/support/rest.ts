import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
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

/**
 * Calls `/v1`, such as `rest(url, "GET /v1/requests")`, and expects an answer that the gateway's own OpenAPI describes. A
 * body that is a string is sent as it is.
 */
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
  const answer = {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
  const description = await described(url);
  description.check(method, path.split("?")[0] ?? "", answer);
  return answer;
}

const descriptions = new Map<string, Promise<Description>>();

function described(url: string): Promise<Description> {
  const known = descriptions.get(url) ?? fetchDescription(url);
  descriptions.set(url, known);
  return known;
}

const fetchDescription = async (url: string): Promise<Description> =>
  new Description((await (await fetch(`${url}/v1/openapi.json`)).json()) as OpenApi);

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

/** What a gateway says about its own answers. */
class Description {
  readonly #document: OpenApi;
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: OpenApi) {
    this.#document = document;
    this.#ajv = new Ajv2020({ strict: false }).addSchema(document, "openapi");
  }

  /** Throws if the answer is not as described. A path that is not described must answer with a problem. */
  check(method: string, path: string, { status, headers, body }: RestAnswer): void {
    if (status === 304) return;
    const pointer = this.#pointerTo(method.toLowerCase(), path, String(status));
    const type = (headers.get("content-type") ?? "").split(";")[0] ?? "";
    const isProblem = status >= 400;
    if (isProblem !== (type === "application/problem+json"))
      throw new Error(`${method} ${path} answered ${status} as ${type || "nothing"}`);
    if (pointer === undefined && isProblem)
      return this.#validate("openapi#/components/schemas/Problem", body);
    if (pointer === undefined) throw new Error(`${method} ${path} with ${status} is not described`);
    if (body !== undefined) this.#validate(`${pointer}/content/${escaped(type)}/schema`, body);
  }

  #pointerTo(method: string, path: string, status: string): string | undefined {
    const templates = Object.keys(this.#document.paths);
    const fits = (template: string) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);
    const template = templates.find((exact) => exact === path) ?? templates.find(fits);
    const operation = this.#document.paths[template ?? ""]?.[method];
    if (template === undefined || operation === undefined) return undefined;
    const code = [status, "default"].find((code) => code in operation.responses);
    return code && `openapi#/paths/${escaped(template)}/${method}/responses/${code}`;
  }

  #validate(reference: string, body: unknown): void {
    const validator = this.#validators.get(reference) ?? this.#ajv.compile({ $ref: reference });
    this.#validators.set(reference, validator);
    if (validator(body)) return;
    throw new Error(
      `not as ${reference} says: ${this.#ajv.errorsText(validator.errors)}: ${JSON.stringify(body)}`,
    );
  }
}

/** A name as part of a JSON pointer in a URI. */
const escaped = (name: string): string =>
  encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
