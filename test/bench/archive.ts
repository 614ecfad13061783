import { type CreatedEvent, DEFAULT_TENANT, type RequestRef, type ParsedEntry } from "@loopgate/contracts";
import type { RequestQueries } from "@loopgate/bus";
import type { RequestLog } from "@loopgate/requests";
import type { NatsBus } from "@loopgate/bus/nats";
import { createLogger } from "@loopgate/runtime";
import { MongoRequestStore } from "@loopgate/state/mongo";
import { StateQueries } from "@loopgate/state/testing";
import { type MongoServer, startNatsServer } from "@loopgate/testing";
import { connectBenchBus } from "./bench-bus.ts";
import { inParallel } from "./in-parallel.ts";
import { sampleCreated, sampleLife } from "./sample-events.ts";

/** So many requests share a write, and so many writes are under way. */
const CHUNK = 250;
const CHUNKS_AT_ONCE = 4;

/** Every tenth request is still pending. */
const PENDING_EVERY = 10;

/** A log and a database with requests in them, and what `state` answers over them. */
export class Archive implements AsyncDisposable {
  readonly queries: RequestQueries;
  readonly ids: string[] = [];
  /** Those that nobody has decided, oldest first. */
  readonly pending: CreatedEvent[] = [];
  /** A person whom every request asks. */
  readonly principals = sampleCreated().data.recipients.flatMap(({ responders }) => responders);
  readonly #log: NatsBus["log"];
  readonly #store: MongoRequestStore;
  readonly #parts: AsyncDisposableStack;

  private constructor(
    bus: NatsBus,
    requests: RequestLog,
    store: MongoRequestStore,
    parts: AsyncDisposableStack,
  ) {
    this.#log = bus.log;
    this.#store = store;
    this.#parts = parts;
    const logger = createLogger("bench", "silent");
    const projection = { waitForCatchUp: async () => true };
    this.queries = new StateQueries({ requests, projection, store, logger, now: () => new Date() });
  }

  /** A broker of its own, a database of its own on `mongo`, and `count` requests. */
  static async filled(mongo: MongoServer, count: number): Promise<Archive> {
    await using parts = new AsyncDisposableStack();
    const nats = parts.use(await startNatsServer());
    if (nats === undefined) throw new Error("this row needs NATS");
    const { bus, requests } = parts.use(await connectBenchBus(nats.url));
    const store = parts.use(await MongoRequestStore.open(mongo.newDatabase()));
    const archive = new Archive(bus, requests, store, parts.move());
    await inParallel(Math.ceil(count / CHUNK), CHUNKS_AT_ONCE, (n) =>
      archive.#fill(Math.min(CHUNK, count - n * CHUNK)),
    );
    archive.pending.sort((a, b) => (a.time + a.subject < b.time + b.subject ? -1 : 1));
    return archive;
  }

  /** One more question, stored and pending. */
  async ask(): Promise<RequestRef> {
    const created = sampleCreated();
    await this.#store.merge(await this.#append([created], false));
    return { tenant: DEFAULT_TENANT, id: created.subject };
  }

  async #fill(count: number): Promise<void> {
    const created = Array.from({ length: count }, () => sampleCreated());
    const isPending = (n: number) => n % PENDING_EVERY === 0;
    this.ids.push(...created.map(({ subject }) => subject));
    this.pending.push(...created.filter((_, n) => isPending(n)));
    await this.#store.merge([
      ...(await this.#append(
        created.filter((_, n) => isPending(n)),
        false,
      )),
      ...(await this.#append(
        created.filter((_, n) => !isPending(n)),
        true,
      )),
    ]);
  }

  async #append(questions: readonly CreatedEvent[], areDecided: boolean): Promise<readonly ParsedEntry[]> {
    const samples = questions.flatMap((question) => {
      const [created, , decided] = sampleLife(question);
      return [created, areDecided ? decided : undefined].filter((sample) => sample !== undefined);
    });
    const appended = samples.map(({ subject, event }) => this.#log.append(subject, event));
    return (await Promise.all(appended)).flatMap((result) =>
      result.kind === "stored" ? [result.entry] : [],
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync();
  }
}
