import type { RequestResource } from "@loopgate/contracts/v1/request";
import { describe, expect, it } from "vitest";
import {
  countForMe,
  emptyList,
  type InboxList,
  newCount,
  nextWaiting,
  receive,
  rowsOf,
  settle,
} from "../inbox-list.ts";
import { approved, aRequest } from "./request.ts";

const endingAt = (minute: number, given: Partial<RequestResource> = {}) =>
  aRequest({ expires_at: `2026-11-30T14:${String(minute).padStart(2, "0")}:00.000Z`, ...given });
const [first, second, third] = [endingAt(10), endingAt(20), endingAt(30)];
const list = receive(emptyList, [third, first], false);
const idsOf = (list: InboxList) => rowsOf(list).map(({ request_id }) => request_id);

it("shows what ends soonest first", () => {
  expect(idsOf(receive(list, [second], false))).toEqual([first, second, third].map((one) => one.request_id));
});

describe("while the list is held", () => {
  it("new requests wait until it is let go, and are counted", () => {
    const held = receive(list, [second], true);
    expect(idsOf(held)).toEqual(idsOf(list));
    expect(newCount(held)).toBe(1);
    expect(idsOf(settle(held))).toHaveLength(3);
    expect(newCount(settle(held))).toBe(0);
  });

  it("an ended request keeps its row, and shows how it ended", () => {
    const held = receive(list, [approved(first)], true);
    expect(rowsOf(held).map(({ status }) => status)).toEqual(["decided", "pending"]);
    expect(idsOf(settle(held))).toEqual([third.request_id]);
  });

  it("an empty list takes in what comes", () => {
    expect(idsOf(receive(emptyList, [first], true))).toEqual([first.request_id]);
  });
});

describe("the newest state counts", () => {
  const { request_id } = first;
  const statusAfter = (...states: readonly RequestResource[]) =>
    states.reduce((list, state) => receive(list, [state], false), emptyList).requests.get(request_id);

  it("a pending state after the decision changes nothing", () => {
    expect(statusAfter(approved(first), first)).toMatchObject({ status: "decided", approved: true });
  });

  it("unless the same id was asked again later", () => {
    const again = { ...first, tag: "tag-2", created_at: "2027-02-01T09:00:00.000Z" };
    expect(statusAfter(approved(first), again)).toMatchObject({ status: "pending", tag: "tag-2" });
    expect(statusAfter(again, approved(first))).toMatchObject({ status: "pending", tag: "tag-2" });
  });

  it("an ended request still belongs to the person it asked", () => {
    expect(statusAfter(first, approved(first))).toMatchObject({ can_answer: true });
  });
});

it("counts what waits for this person alone", () => {
  const others = endingAt(5, { can_answer: false });
  expect(countForMe(receive(list, [others, approved(third)], false))).toBe(1);
});

describe("the next request", () => {
  const all = receive(list, [second], false);
  const next = (from: string, list = all) => nextWaiting(list, from);

  it("is the one below, or above at the end", () => {
    expect(next(first.request_id)).toBe(second.request_id);
    expect(next(third.request_id)).toBe(second.request_id);
  });

  it("is the first for a request without a row", () => {
    expect(next("gone")).toBe(first.request_id);
  });

  it("is none if nothing else waits", () => {
    expect(next(first.request_id, receive(emptyList, [first], false))).toBeUndefined();
  });
});
