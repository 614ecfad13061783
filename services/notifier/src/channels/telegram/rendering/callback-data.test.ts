import { creationTag, newRequestId } from "@loopgate/contracts";
import { aQuestion } from "@loopgate/testing/builders";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { callbackData, parseCallbackData } from "./callback-data.ts";

const created = aQuestion();

it("survives the way through a button, in less than Telegram's 64 bytes", () => {
  fc.assert(
    fc.property(fc.nat(255), (option) => {
      const event = { ...created, subject: newRequestId() };
      const data = callbackData(event, option);
      expect(Buffer.byteLength(data)).toBe(30);
      expect(parseCallbackData(data)).toEqual({
        requestId: event.subject,
        tag: creationTag(event.subject, event.time),
        option,
      });
    }),
  );
});

it("names the update of a comment, in less than 64 bytes", () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(2 ** 31), (option, commentUpdate) => {
      const data = callbackData(created, option, commentUpdate);
      expect(Buffer.byteLength(data)).toBeLessThanOrEqual(40);
      expect(parseCallbackData(data)).toEqual({
        requestId: created.subject,
        tag: creationTag(created.subject, created.time),
        option,
        commentUpdate,
      });
    }),
  );
});

it("is not read from anything else", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 64 }), (data) => {
      expect(/^a[\w-]{29}$/.test(data) ? undefined : parseCallbackData(data)).toBeUndefined();
    }),
  );
  expect(parseCallbackData(`b${callbackData(created, 0).slice(1)}`)).toBeUndefined();
});

it.each([
  ["nothing", ""],
  ["one character less", "aAZqz8HwAcACAAAAAAAAAAQEx9Rw_"],
  ["one character more", "aAZqz8HwAcACAAAAAAAAAAQEx9Rw_AA"],
  ["a comment's button without a comment", "cAZqz8HwAcACAAAAAAAAAAQEx9Rw_A"],
  ["another button with a comment", "aAZqz8HwAcACAAAAAAAAAAQEx9Rw_A1z"],
  ["a line break behind it", "aAZqz8HwAcACAAAAAAAAAAQEx9Rw_A\n"],
  ["other characters", "aAZqz8HwAcACAAAAAAAAAAQEx9Rw+A"],
  ["the first Loopgate's", "response:123:0"],
])("is not read from %s", (_, data) => {
  expect(parseCallbackData(data)).toBeUndefined();
});

it("is not made for an option that would be taken for another", () => {
  expect(parseCallbackData(callbackData(created, 255))?.option).toBe(255);
  expect(() => callbackData(created, 256)).toThrow(RangeError);
});
