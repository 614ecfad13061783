import { type CreatedEvent, tagOf } from "@loopgate/contracts";
import { createInterface } from "node:readline";
import type { Socket } from "node:net";
import { z } from "zod";

// The lines of the protocol, one JSON value each. A person's program joins a place, and from then on sends answers and
// gets what the place is shown.

/** The first line of a person's program. */
export const Join = z.object({ place: z.string(), person: z.string().regex(/^\w{1,32}$/) });
export type Join = z.infer<typeof Join>;

const token = z.string().regex(/^[\w-]{1,64}$/);

/** An answer to the question of a copy: one of its buttons, or text. `id` is the person's own; a repetition keeps it. */
export const Answer = z.object({
  id: token,
  copy: token,
  choice: z.union([z.object({ button: z.string() }), z.object({ text: z.string() })]),
});
export type Answer = z.infer<typeof Answer>;

/** What a person's program gets. */
export const Shown = z.union([
  z.object({ question: z.string(), copy: z.string(), options: z.record(z.string(), z.string()) }),
  z.object({ closed: z.string(), copy: z.string() }),
  z.object({ notice: z.string() }),
  /** The answer with this id is stored, or never can be: it need not be sent again. */
  z.object({ stored: z.string() }),
  /** The answer with this id may not be stored: send it again. */
  z.object({ not_stored: z.string() }),
  /** What became of the answer with the id `about`. */
  z.object({ told: z.string(), about: z.string() }),
]);
export type Shown = z.infer<typeof Shown>;

/** Resolves once the line is with the operating system; rejects for a connection that has ended. */
export const writeLine = (socket: Socket, line: Shown | Answer | Join): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.write(`${JSON.stringify(line)}\n`, (error) => (error ? reject(error) : resolve()));
  });

/** Calls `onLine` with each line, parsed. A line that is no JSON, or that `onLine` rejects, ends the connection. */
export function readLines(socket: Socket, onLine: (line: unknown) => Promise<void>): void {
  const handle = async (text: string) => onLine(JSON.parse(text));
  const lines = createInterface({ input: socket });
  lines.on("line", (text) => {
    handle(text).catch(() => socket.destroy());
  });
  // It repeats the errors of the socket, whose end is noticed there.
  lines.on("error", () => undefined);
}

/** The button of an option: it names the question that it was drawn for. */
export const socketButton = (created: CreatedEvent, option: number): string =>
  `${created.subject}.${tagOf(created)}.${option}`;

/** Reads a button; undefined for a text that is none. */
export function parseSocketButton(
  button: string,
): { readonly request: string; readonly tag: string; readonly option: number } | undefined {
  const [, request, tag, option] = /^([\w-]+)\.([\w-]+)\.(\d+)$/.exec(button) ?? [];
  return request === undefined || tag === undefined ? undefined : { request, tag, option: Number(option) };
}
