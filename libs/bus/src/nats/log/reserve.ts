import { randomBytes } from "node:crypto";
import { singleFlight, sleep } from "@loopgate/async";
import { makeRoomSubject, reserveSubjects, streams } from "@loopgate/contracts";
import type { NatsConnection } from "@nats-io/transport-node";
import { LogFull } from "../../event-log.ts";
import { CALL_TIMEOUT_MS } from "../connection/bus-options.ts";
import type { NatsClient } from "../connection/connect.ts";
import { apiCodeOf, apiCodes } from "../connection/errors.ts";
import { retryUnknownOutcome } from "../connection/retry.ts";

/** Makes room for what must be written when JetStream has none, once for all that ask meanwhile. */
export interface RoomMaker {
  /** Returns false if that is not possible now. */
  makeRoom(): Promise<boolean>;
}

/** The size of the reserve, in bytes: about a thousand decisions. A small store gets a smaller one. */
const RESERVE_BYTES = 2_097_152;
const CHUNK_BYTES = 65_536;

/** How often the reserve is looked after, in milliseconds: made, and made again after a release. */
const TEND_EVERY_MS = 10_000;

const REQUEST_TIMEOUT_MS = 3_000;
const ASK_EVERY_MS = 500;

/** The queue group of the keepers. */
const QUEUE = "state";

type Client = Pick<NatsClient, "connection" | "js" | "jsm">;

/**
 * Keeps messages in the stream of timers that mean nothing, to be deleted when the server or the account has no room left.
 * While they are gone, gateways reject questions. Several processes may keep the same reserve.
 */
export class ReserveKeeper implements RoomMaker, AsyncDisposable {
  readonly #client: Client;
  readonly #stop = new AbortController();
  readonly #tending: Promise<void>;
  #wanted = RESERVE_BYTES / CHUNK_BYTES;
  /** One piece of work at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(client: Client) {
    this.#client = client;
    client.connection.subscribe(makeRoomSubject, {
      queue: QUEUE,
      callback: (error, message) => {
        if (error !== null) return;
        void this.makeRoom().then((made) => message.respond(JSON.stringify({ made })));
      },
    });
    this.#tending = this.#tend();
  }

  readonly makeRoom = singleFlight(ASK_EVERY_MS, () =>
    this.#inTurn(() => this.#release()).catch(() => false),
  );

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#tending;
  }

  async #tend(): Promise<void> {
    do {
      // What fails now is done in the next round.
      await this.#inTurn(() => this.#restore()).catch(() => undefined);
    } while (await sleep(TEND_EVERY_MS, this.#stop.signal));
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #release(): Promise<boolean> {
    const { filler, isReleased } = await readReserve(this.#client);
    if (filler === 0) return isReleased;
    await this.#purge(reserveSubjects.filler);
    if (!isReleased) await this.#publish(reserveSubjects.released, new Uint8Array());
    return true;
  }

  /**
   * Stores what is missing, and as much again to see that there is room beside it. If there is not, a new reserve
   * becomes smaller, and one that was released stays so until half as much again finds room.
   */
  async #restore(): Promise<void> {
    const { filler, isReleased } = await readReserve(this.#client);
    const missing = this.#wanted - filler;
    if (missing <= 0 && !isReleased) return;
    const stored = await this.#fill(2 * missing);
    if (isReleased && stored < 1.5 * missing) return this.#purge(reserveSubjects.filler);
    if (!isReleased && stored < 2 * missing) {
      this.#wanted = Math.max(filler, Math.floor((filler + stored) / 2), 1);
    }
    await this.#purge(reserveSubjects.filler, this.#wanted);
    if (isReleased) await this.#purge(reserveSubjects.released);
  }

  /** Returns how many messages found room. */
  async #fill(count: number): Promise<number> {
    const chunk = randomBytes(CHUNK_BYTES);
    for (let stored = 0; stored < count; stored += 1) {
      if (this.#stop.signal.aborted || !(await this.#hasStored(chunk))) return stored;
    }
    return count;
  }

  async #hasStored(chunk: Uint8Array): Promise<boolean> {
    try {
      await this.#publish(reserveSubjects.filler, chunk);
      return true;
    } catch (error) {
      if (error instanceof LogFull) return false;
      throw error;
    }
  }

  async #publish(subject: string, payload: Uint8Array): Promise<void> {
    const publish = () => this.#client.js.publish(subject, payload, { timeout: CALL_TIMEOUT_MS });
    await retryUnknownOutcome({ giveUpAfterMs: 0 }, publish);
  }

  async #purge(filter: string, keep?: number): Promise<void> {
    const options = keep === undefined ? { filter } : { filter, keep };
    await this.#client.jsm.streams.purge(streams.timers.name, options);
  }
}

/** Asks a process that keeps the reserve. */
export const remoteRoomMaker = (connection: NatsConnection): RoomMaker => ({
  makeRoom: singleFlight(ASK_EVERY_MS, async () => {
    try {
      const reply = await connection.request(makeRoomSubject, "", { timeout: REQUEST_TIMEOUT_MS });
      return reply.json<{ readonly made?: unknown }>().made === true;
    } catch {
      return false;
    }
  }),
});

/** Repeats a write that found no room, once room was made. The limit of one stream is not about room. */
export async function withRoom<Result>(
  room: RoomMaker | undefined,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    const isStreamLimit = error instanceof LogFull && apiCodeOf(error.cause) === apiCodes.streamFull;
    if (!(error instanceof LogFull) || isStreamLimit || !(await room?.makeRoom())) throw error;
    return await write();
  }
}

/** How many messages fill the reserve, and whether it was released and is not whole again. */
export async function readReserve({
  jsm,
}: Pick<NatsClient, "jsm">): Promise<{ filler: number; isReleased: boolean }> {
  const { state } = await jsm.streams.info(streams.timers.name, { subjects_filter: reserveSubjects.all });
  const { [reserveSubjects.filler]: filler = 0, [reserveSubjects.released]: released = 0 } =
    state.subjects ?? {};
  return { filler, isReleased: released > 0 };
}
