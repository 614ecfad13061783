export { claudeCode } from "./claude-code.ts";
export type {
  Asked,
  Codec,
  HookEvent,
  HookOutput,
  Host,
  HostQuestion,
  PlanCall,
  QuestionsCall,
  Settled,
  ToolCall,
  Verdict,
} from "./codec.ts";
export { NO_OUTPUT } from "./codec.ts";
export { decide, type RuleDecision } from "./rules/decide.ts";
export { parseRules, type Rules, type RulesResult } from "./rules/rules-file.ts";
export { callNames } from "./rules/call-names.ts";
