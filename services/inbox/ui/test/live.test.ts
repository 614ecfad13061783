import { describe, expect, it } from "vitest";
import { follow, type LiveState } from "../live.ts";
import { aRequest } from "./request.ts";

const encoder = new TextEncoder();

/** A server's streams, one for each connection, and what the page has heard of them. */
class Streams {
  readonly heard: string[] = [];
  readonly states: LiveState[] = [];
  readonly lastIds: (string | undefined)[] = [];
  readonly stopped = new AbortController();
  #current: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly ended: Promise<void>;

  constructor(refused = 0) {
    let time = 0;
    this.ended = follow(
      {
        open: async (lastId) => {
          this.lastIds.push(lastId);
          if (this.lastIds.length <= refused) return undefined;
          return new ReadableStream({ start: (controller) => void (this.#current = controller) });
        },
        onRequest: ({ request_id, message }) => this.heard.push(request_id, message),
        onReset: () => this.heard.push("reset"),
        onState: (state) => this.states.push(state),
        now: () => (time += 1),
        sleep: async () => undefined,
      },
      this.stopped.signal,
    );
  }

  async connections(count: number): Promise<void> {
    await expect.poll(() => this.lastIds.length).toBe(count);
    await expect.poll(() => this.#current?.desiredSize).toBe(1);
  }

  send(text: string): void {
    this.sendBytes(encoder.encode(text));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#current?.enqueue(bytes);
  }

  end(): void {
    const ending = this.#current;
    this.#current = undefined;
    ending?.close();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    this.end();
    await this.ended;
  }
}

const event = (id: string, type: string, data: unknown = {}) =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
const created = (id: string, request = aRequest()) =>
  event(id, "request.created", { type: "request.created", data: { request } });

it("reads everything once the stream is open, and takes what comes after", async () => {
  const streams = new Streams();
  await streams.connections(1);
  const request = aRequest();
  streams.send(event("1.7", "ready") + created("1.8", request));
  await expect.poll(() => streams.heard).toEqual(["reset", request.request_id, request.message]);
  expect(streams.states).toEqual([{ kind: "connecting" }, { kind: "live" }]);
  await streams.stop();
});

it("takes an event that comes in pieces", async () => {
  const streams = new Streams();
  await streams.connections(1);
  const request = aRequest({ message: "ä😀" });
  const bytes = encoder.encode(event("1.7", "ready") + created("1.8", request));
  for (const index of bytes.keys()) streams.sendBytes(bytes.subarray(index, index + 1));
  await expect.poll(() => streams.heard).toEqual(["reset", request.request_id, "ä😀"]);
  await streams.stop();
});

describe("after the connection was lost", () => {
  it("goes on after the last event, without reading everything again", async () => {
    const streams = new Streams();
    await streams.connections(1);
    streams.send(event("1.7", "ready") + created("1.8"));
    await expect.poll(() => streams.heard.length).toBe(3);
    streams.end();
    await streams.connections(2);
    const missed = aRequest();
    streams.send(created("1.9", missed) + event("1.9", "ready"));
    await expect.poll(() => streams.states.at(-1)?.kind).toBe("live");
    expect(streams.lastIds).toEqual([undefined, "1.8"]);
    expect(streams.heard.slice(3)).toEqual([missed.request_id, missed.message]);
    await streams.stop();
  });

  it("reads everything again if the server can't tell what was missed", async () => {
    const streams = new Streams();
    await streams.connections(1);
    streams.send(event("1.7", "ready"));
    await expect.poll(() => streams.heard).toEqual(["reset"]);
    streams.end();
    await streams.connections(2);
    streams.send(event("1.99", "reset") + event("1.99", "ready"));
    await expect.poll(() => streams.heard).toEqual(["reset", "reset"]);
    await streams.stop();
  });

  it("keeps the moment since when the page is out of date, however often it tries", async () => {
    const streams = new Streams(3);
    await streams.connections(4);
    const lost = streams.states.filter((state) => state.kind === "lost");
    expect(lost).toHaveLength(3);
    expect(new Set(lost.map((state) => "since" in state && state.since)).size).toBe(1);
    await streams.stop();
  });
});

it("ends when it is stopped", async () => {
  const streams = new Streams();
  await streams.connections(1);
  await streams.stop();
  expect(streams.lastIds).toHaveLength(1);
});
