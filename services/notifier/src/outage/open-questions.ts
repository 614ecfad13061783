import { DEFAULT_TENANT, type RequestDetails } from "@loopgate/contracts";
import { type RequestQueries, Unavailable } from "@loopgate/bus";
import { chatOf } from "../channels/telegram/moved-chats.ts";

/** So many open questions are looked at, oldest first; whoever has more is told that there are more. */
const MOST = 1_000;
const PAGE = 20;

interface Look {
  readonly questions: readonly RequestDetails[];
  /** False if there are more than were looked at. */
  readonly isWhole: boolean;
}

/** What waits for an answer, as `state` knows it. However many ask at once, it is looked up once. */
export class OpenQuestions {
  readonly #queries: RequestQueries;
  #look: Promise<Look> | undefined;

  constructor(queries: RequestQueries) {
    this.#queries = queries;
  }

  /** @throws Unavailable while `state` does not answer. */
  all(): Promise<Look> {
    this.#look ??= this.#lookUp().finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  /** Those that were asked in a chat, whichever of its names they know. */
  async in(names: readonly string[]): Promise<Look> {
    const { questions, isWhole } = await this.all();
    return { questions: questions.filter((question) => isAskedIn(question, names)), isWhole };
  }

  async #lookUp(): Promise<Look> {
    const questions: RequestDetails[] = [];
    let cursor: string | undefined;
    do {
      const query = { tenant: DEFAULT_TENANT, limit: PAGE };
      const page = await this.#queries.list(cursor === undefined ? query : { ...query, cursor });
      if (page.kind === "invalid_cursor")
        throw new Unavailable("the list of open questions changed its shape");
      questions.push(...page.requests);
      cursor = page.next_cursor;
    } while (cursor !== undefined && questions.length < MOST);
    return { questions, isWhole: cursor === undefined };
  }
}

const isAskedIn = ({ recipients }: RequestDetails, names: readonly string[]): boolean =>
  recipients.some(({ endpoint }) => names.includes(chatOf(endpoint)));
