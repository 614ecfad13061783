import type { IncomingMessage } from "node:http";

/**
 * Reads what a bot sent: JSON, or a form with files. A field that names a file (`attach://…`) becomes that file. It reads
 * what grammY writes, whose unquoted file names the platform's own parser refuses.
 */
export async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const boundary = /boundary=("?)([^";]+)\1/.exec(request.headers["content-type"] ?? "")?.[2];
  if (boundary !== undefined) return readForm(body, boundary);
  return body.length === 0 ? {} : (JSON.parse(body.toString()) as Record<string, unknown>);
}

function readForm(body: Buffer, boundary: string): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const part of body.toString("latin1").split(`--${boundary}`).slice(1, -1)) {
    const end = part.indexOf("\r\n\r\n");
    const head = Buffer.from(part.slice(0, end), "latin1").toString();
    const content = Buffer.from(part.slice(end + 4, -2), "latin1");
    const name = /[; ]name="?([^";\r]+)/.exec(head)?.[1] ?? "";
    const file = /filename="?([^";\r]+)/.exec(head)?.[1];
    fields[name] = file === undefined ? valueOf(name, content.toString()) : { name: file, content };
  }
  for (const [name, value] of Object.entries(fields)) {
    const attached = typeof value === "string" ? /^attach:\/\/(.+)$/.exec(value)?.[1] : undefined;
    if (attached !== undefined) fields[name] = fields[attached];
  }
  return fields;
}

/** In a form, all but texts is JSON. */
function valueOf(name: string, text: string): unknown {
  if (name === "caption") return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
