/** Which topology the stories of this run are told over: a vitest project for each. */
export const isDistributed = process.env["LOOPGATE_TEST_TOPOLOGY"] === "distributed";
