import { type CreatedEvent, keyToken, refOf, tagOf } from "@loopgate/contracts";
import type { Bucket } from "@loopgate/bus";
import type { AnswerMessage, RejectionReason } from "@loopgate/requests";
import { z } from "zod";
import type { TaggedRef } from "../delivery/copies.ts";

const Comment = z.looseObject({
  tenant: z.string(),
  request_id: z.string(),
  tag: z.string(),
  responder: z.string(),
  text: z.string(),
});

/** A comment, or why a button may not use it. */
export type CommentResult =
  | { readonly kind: "comment"; readonly text: string }
  | {
      readonly kind: "rejected";
      readonly reason: Extract<RejectionReason, "unknown_comment" | "comment_of_another">;
    };

/**
 * What people typed in reply to questions with buttons, until they press one. It is kept in the `copies` bucket under the
 * `key` of the message, before the buttons are shown again: so it survives a restart, every replica finds it, and the
 * words are those that the person sent first. The message that an update quotes would be simpler to read, but its sender
 * can edit or delete it. A button names the comment and proves nothing: the stored responder has to be the one who pressed.
 */
export class Comments {
  readonly #bucket: Bucket;

  /** @param bucket the `copies` bucket */
  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** A repetition changes nothing. @throws Unavailable */
  async keep({ key, responder }: AnswerMessage, text: string, created: CreatedEvent): Promise<void> {
    const { tenant, id: request_id } = refOf(created);
    const comment = { tenant, request_id, tag: tagOf(created), responder, text };
    await this.#bucket.create(keyOf(key), JSON.stringify(comment));
  }

  /** The comment of the message `key`, for an answer of this responder to this request. @throws Unavailable */
  async find(key: string, responder: string, { tenant, id, tag }: TaggedRef): Promise<CommentResult> {
    const found = await this.#bucket.get(keyOf(key));
    if (found === undefined) return { kind: "rejected", reason: "unknown_comment" };
    const comment = Comment.parse(JSON.parse(found.value));
    const isOfRequest = comment.tenant === tenant && comment.request_id === id && comment.tag === tag;
    if (!isOfRequest) return { kind: "rejected", reason: "unknown_comment" };
    if (comment.responder !== responder) return { kind: "rejected", reason: "comment_of_another" };
    return { kind: "comment", text: comment.text };
  }
}

const keyOf = (key: string): string => keyToken("comment", key);
