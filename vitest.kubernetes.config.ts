import { defineConfig } from "vitest/config";

/** Apart from the other projects: it builds a cluster and needs root (CONTRIBUTING.md). */
export default defineConfig({
  test: {
    reporters: ["default", "./test/closing-line-reporter.ts"],
    include: ["test/kubernetes/**/*.test.ts"],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
