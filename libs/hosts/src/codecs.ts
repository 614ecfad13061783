import { claudeCode } from "./claude-code.ts";
import type { Codec } from "./codec.ts";

/** The codecs of all hosts. */
export const codecs: readonly Codec[] = [claudeCode];
