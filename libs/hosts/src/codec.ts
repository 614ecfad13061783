import type { JsonObject } from "./values.ts";

/** The programs that run agents and whose hooks Loopgate understands. */
export type Host = "claude-code";

/** Where in the life of a call the host runs the hook. */
export type HookPoint =
  /** Before every call, whether or not the host would ask a person. */
  | "before_call"
  /** The host is about to ask a person itself. */
  | "permission";

interface Origin {
  readonly host: Host;
  /** The host's own session. */
  readonly session: string;
  /** The subagent that makes the call; absent for the main agent. */
  readonly agent?: string | undefined;
}

interface Call extends Origin {
  readonly point: HookPoint;
  /** The host's id of this call; not every event has one. */
  readonly call?: string | undefined;
  readonly cwd?: string | undefined;
  /** The arguments of the tool, as the host sent them. */
  readonly input: JsonObject;
}

/** A tool is about to run. */
export interface ToolCall extends Call {
  readonly kind: "tool";
  /** The name that the host uses: `Bash`, `mcp__github__get_issue`. */
  readonly tool: string;
  /** What the agent says that the call is for. */
  readonly summary?: string | undefined;
}

/** The agent asks its user one or several questions. */
export interface QuestionsCall extends Call {
  readonly kind: "questions";
  readonly questions: readonly HostQuestion[];
}

export interface HostQuestion {
  readonly text: string;
  readonly options: readonly { readonly label: string; readonly description?: string | undefined }[];
  /** True if several options may be chosen. */
  readonly multiple: boolean;
}

/** The agent shows a plan and asks whether to carry it out. */
export interface PlanCall extends Call {
  readonly kind: "plan";
  readonly plan: string;
}

/** What a person can be asked. */
export type Asked = ToolCall | QuestionsCall | PlanCall;

/** Something is settled: questions about it need no answer any more. */
export interface Settled extends Origin {
  readonly kind: "settled";
  /** One call, the turn of one agent, or the whole session. */
  readonly scope:
    | {
        readonly kind: "call";
        readonly call?: string | undefined;
        readonly tool: string;
        readonly input: JsonObject;
      }
    | { readonly kind: "turn" }
    | { readonly kind: "session" };
}

/** What a host's input means. */
export type HookEvent =
  | Asked
  | Settled
  /** An event that is not ours to decide. */
  | { readonly kind: "ignored" }
  /** Not what this host sends. A gate denies it. */
  | { readonly kind: "unreadable"; readonly problem: string };

export type Verdict =
  | { readonly kind: "allow" }
  | { readonly kind: "deny"; readonly reason: string }
  /** The host asks its user in its own way. */
  | { readonly kind: "ask"; readonly reason: string }
  /** One answer for each question, in their order. */
  | { readonly kind: "answers"; readonly answers: readonly string[] }
  /** No decision: the host goes on in its own way. */
  | { readonly kind: "none" };

/** What the hook's process writes, and its exit code. */
export interface HookOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: 0 | 2;
}

/** The wire format of one host's hooks. Both functions are pure, and neither throws. */
export interface Codec {
  readonly host: Host;
  /** The host's name for people. */
  readonly name: string;
  /** The host's own limit for a hook without a configured one, in seconds. */
  readonly defaultLimitSeconds: number;
  decode(input: unknown): HookEvent;
  /** A verdict that does not fit what was asked is written as no decision. */
  encode(asked: Asked, verdict: Verdict): HookOutput;
  /** Denies a call that could not be decoded. */
  refuse(reason: string): HookOutput;
}
