// Types alone. What runs has entries of its own, so that a hook loads no more than it needs.
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
