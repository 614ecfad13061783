import manifest from "../../../package.json" with { type: "json" };

/** The version of this repository: its root manifest is the only place that states it. */
export const { version } = manifest;
