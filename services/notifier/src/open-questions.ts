import type { RequestDetails } from "@loopgate/contracts";
import { type RequestQueries, Unavailable } from "@loopgate/bus";
import type { Channel } from "@loopgate/requests";

/** At most this many open questions are read, oldest first. */
const LIMIT = 1_000;
const PAGE = 20;

export interface OpenAt {
  readonly questions: readonly RequestDetails[];
  /** False if there are more than were read. */
  readonly isComplete: boolean;
}

/** The open questions, as `state` lists them. Concurrent callers share one look-up. */
export class OpenQuestions {
  readonly #queries: RequestQueries;
  readonly #channel: Pick<Channel, "placeOf" | "tenant">;
  #running: Promise<OpenAt> | undefined;

  constructor(queries: RequestQueries, channel: Pick<Channel, "placeOf" | "tenant">) {
    this.#queries = queries;
    this.#channel = channel;
  }

  /** @throws Unavailable while `state` does not answer. */
  all(): Promise<OpenAt> {
    this.#running ??= this.#lookUp().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Those that were asked at one of these places. */
  async at(places: readonly string[]): Promise<OpenAt> {
    const { questions, isComplete } = await this.all();
    const isAskedThere = ({ recipients }: RequestDetails) =>
      recipients.some(({ endpoint }) => places.includes(this.#channel.placeOf(endpoint)));
    return { questions: questions.filter(isAskedThere), isComplete };
  }

  async #lookUp(): Promise<OpenAt> {
    const questions: RequestDetails[] = [];
    let cursor: string | undefined;
    do {
      const query = { tenant: this.#channel.tenant, limit: PAGE };
      const page = await this.#queries.list(cursor === undefined ? query : { ...query, cursor });
      if (page.kind === "invalid_cursor")
        throw new Unavailable("the list of open questions does not accept its own cursor");
      questions.push(...page.requests);
      cursor = page.next_cursor;
    } while (cursor !== undefined && questions.length < LIMIT);
    return { questions, isComplete: cursor === undefined };
  }
}
