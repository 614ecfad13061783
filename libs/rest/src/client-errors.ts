import { maxHeaderSize, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

/** Answers bytes that could not be parsed as a request: always a plain HTTP error, because the path is unknown. */
export function answerClientError({ code }: { readonly code?: string }, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const { status, ...error } = failures.get(code ?? "") ?? unreadable;
  const body = JSON.stringify({ error });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

const unreadable = {
  status: 400,
  code: "invalid_arguments",
  message: "This is not an HTTP request: use HTTP/1.1 without TLS.",
};

const failures: ReadonlyMap<string, typeof unreadable> = new Map([
  [
    "HPE_HEADER_OVERFLOW",
    {
      status: 431,
      code: "payload_too_large",
      message: `The URL and headers have more than ${maxHeaderSize} bytes: send less.`,
    },
  ],
  [
    "ERR_HTTP_REQUEST_TIMEOUT",
    {
      status: 408,
      code: "invalid_arguments",
      message: "The request did not arrive in time: send it again.",
    },
  ],
]);
