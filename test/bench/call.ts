import { type Agent, type IncomingMessage, request } from "node:http";

/** What is sent by POST. */
export interface Call {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends a call; resolves when its answer begins. */
export function begin(url: string, { headers, body }: Call, agent: Agent): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const length = { "content-length": Buffer.byteLength(body) };
  const sent = request(url, { agent, method: "POST", headers: { ...headers, ...length } }, resolve);
  sent.on("error", reject);
  sent.end(body);
  return promise;
}

/** The whole answer; fails on anything but 200, and on a tool's failure. */
export async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if (answer.statusCode === 200 && !text.includes('"isError":true')) return text;
  throw new Error(`${answer.statusCode}: ${text.slice(0, 300)}`);
}
