import type { RequestResource } from "@loopgate/contracts/v1/request";
import type { DecidedBy, Effect } from "./api.ts";
import type { Messages } from "./messages/en.ts";
import { shown } from "./shown-text.ts";
import { duration, moment } from "./time.ts";

/** For sentences about a request, in one language. */
export interface Telling {
  readonly words: Messages;
  readonly language: string;
  /** In milliseconds since 1970. */
  readonly now: number;
}

/** The end of a request's id, as every channel shows it. */
export const shortId = (id: string): string => `#${id.slice(-4).toUpperCase()}`;

export const isApproval = ({ options }: RequestResource): boolean =>
  options.some(({ effect }) => effect !== "neutral");

/** What kind of answer a request wants. */
export function kindOf(request: RequestResource, words: Messages): string {
  if (isApproval(request)) return words.approval;
  return request.options.length > 0 ? words.question : words.yourWords;
}

/** A name that a program or a person chose, on one line. */
export const nameOf = (name: string): string => shown(name).replaceAll(/\s+/g, " ").trim();

/** How a request ended, for words and colours; undefined while it waits. */
export function endOf({ status, outcome }: RequestResource): keyof Messages["verdict"] | undefined {
  if (status === "pending") return undefined;
  return status === "decided" ? (outcome ?? "answered") : status;
}

/** The colour of an end. */
export function effectOf(request: RequestResource): Effect {
  const end = endOf(request);
  if (end === "approved") return "approve";
  return end === "denied" ? "deny" : "neutral";
}

export const placeOf = (channel: string, words: Messages): string =>
  words.channel[channel] ?? words.channelOther(nameOf(channel));

/** "Approved by Alice Kim", "Expired". */
export function verdict(request: RequestResource, words: Messages): string {
  const end = endOf(request);
  if (end === undefined) return "";
  const { decided_by: by } = request;
  return by?.type === "human" ? words.by(words.verdict[end], personOf(by, words)) : words.verdict[end];
}

/** "14:02:11 · in Telegram · 37 sec after asking". */
export function circumstances(request: RequestResource, { words, language, now }: Telling): string {
  const { decided_at: at, decided_by: by, created_at: asked } = request;
  if (at === undefined) return "";
  const tookMs = Date.parse(at) - Date.parse(asked);
  const where = by?.channel === undefined ? [] : [placeOf(by.channel, words)];
  return [moment(at, now, language), ...where, words.after(duration(tookMs, language))].join(" · ");
}

/** Why an answer that was pressed at a moment changed nothing. */
export function lateness(winner: RequestResource, pressedAt: number, { words, language }: Telling): string {
  const { decided_by: by, decided_at: at } = winner;
  const end = endOf(winner);
  if (end === undefined || at === undefined) return "";
  if (by?.type !== "human" || end === "expired" || end === "cancelled")
    return words.lateEnded(words.verdict[end]);
  const beforeMs = Math.max(0, pressedAt - Date.parse(at));
  const where = by.channel === undefined ? "" : `, ${placeOf(by.channel, words)}`;
  return words.late(personOf(by, words), words.did[end], duration(beforeMs, language), where);
}

export const personOf = ({ name }: DecidedBy, words: Messages): string =>
  name === undefined || name === "" ? words.someone : nameOf(name);
