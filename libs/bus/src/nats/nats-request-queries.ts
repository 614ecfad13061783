import {
  type CancelCommand,
  CancelReply,
  type ListQuery,
  ListReply,
  QueryAnswer,
  querySubject,
  type StatusQuery,
  StatusReply,
} from "@loopgate/contracts";
import type { NatsConnection } from "@nats-io/transport-node";
import { Unavailable } from "../event-log.ts";
import type { RequestQueries } from "../request-queries.ts";

/** A cancel also commits and projects. */
const TIMEOUT_MS = { status: 2_000, list: 3_000, cancel: 5_000 } as const;

interface Schema<Reply> {
  parse(given: unknown): Reply;
}

/** Asks whichever `state` is free. The broker says at once when none serves. */
export class NatsRequestQueries implements RequestQueries {
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  status(query: StatusQuery): Promise<StatusReply> {
    return this.#ask("status", query, StatusReply);
  }

  list(query: ListQuery): Promise<ListReply> {
    return this.#ask("list", query, ListReply);
  }

  cancel(command: CancelCommand): Promise<CancelReply> {
    return this.#ask("cancel", command, CancelReply);
  }

  async #ask<Reply>(verb: keyof typeof TIMEOUT_MS, query: object, reply: Schema<Reply>): Promise<Reply> {
    const options = { timeout: TIMEOUT_MS[verb] };
    const message = await this.#connection
      .request(querySubject(verb), JSON.stringify(query), options)
      .catch((cause: unknown) => {
        throw new Unavailable("no state service answers", { cause });
      });
    const answer = QueryAnswer.parse(message.json());
    if (!answer.ok) throw new Unavailable("the state service or what it needs does not answer");
    return reply.parse(answer.reply);
  }
}
