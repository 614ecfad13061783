import { expect, it } from "vitest";
import { fileOf } from "../export.ts";
import { approved, aRequest } from "./request.ts";

const request = aRequest({ request_id: "id-1", message: 'Deploy "v2",\nnow?' });

it("JSON Lines hold every member, one request a line", () => {
  const file = fileOf([approved(request), request], "JSONL");
  expect(
    file
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  ).toEqual([approved(request), request]);
});

it("CSV quotes what needs it", () => {
  expect(fileOf([approved(request)], "CSV").split("\r\n")[1]).toBe(
    '"id-1","decided","approved","ci-agent","deploy","Deploy ""v2"",\nnow?","Approve","","2026-11-30T14:01:34.000Z","2026-11-30T14:02:11.000Z","Alice Kim","telegram"',
  );
});

it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])(
  "a spreadsheet does not run the text %j of an agent",
  (message) => {
    expect(fileOf([aRequest({ message })], "CSV")).toContain(`"'${message}"`);
  },
);
