import { DEFAULT_TENANT } from "@loopgate/contracts";
import type { EventLog } from "@loopgate/bus";
import {
  type CallFailure,
  type CallResult,
  type Channel,
  type ChannelSender,
  type HeldLease,
  type Incoming,
  type Notice,
  ReceivedStore,
  type Receiver,
} from "@loopgate/requests";
import { Answer, Join, parseSocketButton, type Shown } from "./socket-lines.ts";
import { socketEndpoint, socketPlaceOf, socketResponder, type SocketSettings } from "./socket-policy.ts";
import { RETRY_MS, SocketSender } from "./socket-sender.ts";
import { type SentAnswer, SocketServer } from "./socket-server.ts";

export interface SocketChannelOptions extends SocketSettings {
  /** The Unix socket of this process. People's programs connect to every process of the account. */
  readonly path: string;
  readonly log: EventLog;
}

const Received = Answer.extend(Join.shape);

/** A channel without a provider: people's programs connect to a Unix socket. */
export class SocketChannel implements Channel {
  readonly name = "socket";
  readonly tenant = DEFAULT_TENANT;
  readonly account: string;
  readonly #options: SocketChannelOptions;
  readonly #server = new SocketServer();
  readonly #received: ReceivedStore;

  constructor(options: SocketChannelOptions) {
    this.account = options.account;
    this.#options = options;
    this.#received = new ReceivedStore({ log: options.log, channel: this });
  }

  owns(endpoint: string): boolean {
    return socketPlaceOf(this.account, endpoint) !== undefined;
  }

  placeOf(endpoint: string): string {
    return endpoint;
  }

  async aliasesOf(endpoint: string): Promise<readonly string[]> {
    return [endpoint];
  }

  async presentEndpoint(endpoint: string): Promise<string> {
    return endpoint;
  }

  read(update: unknown, storedAt: string): Incoming | undefined {
    const received = Received.safeParse(update).data;
    if (received === undefined) return { kind: "unreadable", key: "unreadable", tell: async () => undefined };
    const { id, copy, person, place, choice } = received;
    const key = `socket.${this.account}.${person}.${id}`;
    const tell = (notice: Notice) => this.#tell(received, notice);
    const asked = "button" in choice ? parseSocketButton(choice.button) : choice;
    if (asked === undefined)
      return {
        kind: "other",
        key,
        tell,
        respond: () => tell({ kind: "rejected", reason: "unknown_option" }),
      };
    return {
      kind: "answer",
      key,
      tell,
      endpoint: socketEndpoint(this.account, place),
      copy,
      responder: socketResponder(person),
      name: person,
      storedAt,
      choice:
        "text" in asked
          ? asked
          : { request: { tenant: this.tenant, id: asked.request, tag: asked.tag }, option: asked.option },
    };
  }

  /** A place where no one is connected is tried again until a person connects: it misses no question. */
  async reopenedPlaces(): Promise<undefined> {
    return undefined;
  }

  async openSender(lease?: HeldLease): Promise<ChannelSender> {
    return new SocketSender((endpoint, line) => this.#show(endpoint, line, lease));
  }

  /** What people send comes in by {@link startIntake}, at every process. */
  startReceiver(): Receiver {
    return { check: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
  }

  startIntake(): Promise<AsyncDisposable> {
    return this.#server.listen(this.#options.path, (answer) => this.#store(answer));
  }

  async checkContact(): Promise<void> {}

  async #store(answer: SentAnswer): Promise<void> {
    const id = `${this.name}-${this.account}-${answer.person}-${answer.id}`;
    const result = await this.#received.store({ id, kind: "answer", update: { ...answer } });
    if (result === "set_aside") await this.#tell(answer, { kind: "not_handled" });
  }

  async #tell({ id: about, place, person }: SentAnswer, { kind }: Notice): Promise<void> {
    await this.#server.show(place, { told: kind, about }, person).catch(() => undefined);
  }

  async #show(endpoint: string, line: Shown, lease: HeldLease | undefined): Promise<CallResult<void>> {
    const place = socketPlaceOf(this.account, endpoint) ?? "";
    if (!Object.hasOwn(this.#options.places, place))
      return failed({ kind: "permanent", reason: "unknown_place" });
    if (lease?.isHeld() === false || this.#server.countAt(place) === 0)
      return failed({ kind: "throttled", retryInMs: RETRY_MS });
    return this.#server.show(place, line).then(
      () => ({ kind: "ok", result: undefined }),
      () => failed({ kind: "transient" }),
    );
  }
}

const failed = (failure: CallFailure): CallResult<never> => ({ kind: "failed", failure });
