import { afterAll, beforeAll, it } from "vitest";
import { type PersonAtBrowser, startPersonAtBrowser } from "./person-at-browser.ts";

let person: PersonAtBrowser | undefined;

/** Call it once at the top of a test file: its tests get Sam, the owner, who skips them on a machine without a Chromium. */
export function useSam() {
  beforeAll(async () => {
    person = await startPersonAtBrowser();
  });
  afterAll(() => person?.[Symbol.asyncDispose]());
  return it.extend<{ readonly sam: PersonAtBrowser }>({
    sam: async ({ skip }, use) => {
      if (person === undefined) return skip("there is no Chromium");
      await use(person);
      await person.closeWindows();
    },
  });
}
