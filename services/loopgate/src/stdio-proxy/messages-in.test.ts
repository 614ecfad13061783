import { expect, it } from "vitest";
import { messagesIn } from "./messages-in.ts";

const [ping, note] = [
  '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  '{"jsonrpc":"2.0","method":"notifications/x"}',
];

it("of a batch each is a line of its own", () => {
  expect(messagesIn(` [${ping}, ${note}]`)).toEqual([ping, note]);
});

it.each([ping, "[", "[]", "[1]", `[${ping},{"id":2,"method":"ping"}]`, "rubbish"])(
  "what is no batch goes on as it is: %s",
  (line) => {
    expect(messagesIn(line)).toEqual([line]);
  },
);
