import manifest from "../package.json" with { type: "json" };

/** The version of this workspace, as protocols and people see it. */
export const { version } = manifest;
