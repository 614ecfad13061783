import type { Codec } from "@loopgate/hosts";
import { codecs } from "@loopgate/hosts/codecs";

export interface HookOptions {
  readonly codec: Codec;
  /** In a gate, what is not approved is denied. Otherwise the host's own prompt remains. */
  readonly isGate: boolean;
  /** How long this process waits for a person before it answers for itself. */
  readonly holdSeconds: number;
}

export type HookOptionsResult =
  | ({ readonly kind: "options" } & HookOptions)
  | { readonly kind: "invalid"; readonly problem: string; readonly isGate: boolean };

/** How long before the host's own limit this process answers, in seconds: a host goes on when a hook exceeds the limit. */
const MARGIN_SECONDS = 15;

/** Reads the arguments after `loopgate hook`. By hand: even the parser of Node takes long to load beside the rest of a hook. */
export function parseHookOptions(args: readonly string[]): HookOptionsResult {
  const isGate = args.includes("--gate");
  const invalid = (problem: string): HookOptionsResult => ({ kind: "invalid", problem, isGate });
  const [host, ...flags] = args;
  const codec = codecs.find((one) => one.host === host);
  if (codec === undefined)
    return invalid(`name one of these hosts: ${codecs.map((one) => one.host).join(", ")}`);
  let holdSeconds = codec.defaultLimitSeconds - MARGIN_SECONDS;
  for (let at = 0; at < flags.length; at++) {
    if (flags[at] === "--gate") continue;
    if (flags[at] !== "--hold") return invalid(`unknown argument ${JSON.stringify(flags[at])}`);
    holdSeconds = Number(flags[++at]);
    if (!(holdSeconds > 0)) return invalid("--hold must be a number of seconds above 0");
  }
  return { kind: "options", codec, isGate, holdSeconds };
}
