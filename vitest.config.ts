import { defineConfig } from "vitest/config";

const project = (
  name: string,
  include: readonly string[],
  testTimeout = 60_000,
  env: Record<string, string> = {},
) => ({
  test: {
    name,
    include: [...include],
    testTimeout,
    hookTimeout: 120_000,
    env,
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: Math.min(testTimeout / 2, 60_000) } },
  },
});

const distributed = { LOOPGATE_TEST_TOPOLOGY: "distributed" };
const overBoth = ["first-question", "guarantees", "rest", "webhook"].map(
  (name) => `test/stories/${name}.test.ts`,
);

export default defineConfig({
  test: {
    reporters: ["default", "./test/closing-line-reporter.ts"],
    maxWorkers: 2,
    projects: [
      project("pure", ["libs/*/src/**/*.test.ts", "services/*/{src,ui}/**/*.test.ts", "test/*.test.ts"]),
      project("contract", ["libs/*/test/**/*.test.ts"]),
      project("component", ["services/*/test/**/*.test.ts"]),
      project("chart", ["test/chart/**/*.test.ts"], 120_000),
      project("stories", ["test/stories/**/*.test.ts"]),
      project("stories-distributed", overBoth, 60_000, distributed),
      project("distributed", ["test/distributed/**/*.test.ts"], 120_000, distributed),
      project("interop", ["test/interop/**/*.test.ts"], 120_000),
      project("conformance", ["test/conformance/**/*.test.ts"], 180_000),
      project("chaos", ["test/chaos/**/*.test.ts"], 1_200_000, distributed),
    ],
  },
});
