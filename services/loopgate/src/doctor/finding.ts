/** What a check came to: one sentence, for a problem with the next step behind a colon; no secret, no text of a chat. */
export interface Finding {
  /** `problem`: it does not work, or will not. `warning`: it works, and somebody should look. */
  readonly level: "ok" | "warning" | "problem";
  readonly message: string;
}

export const ok = (message: string): Finding => ({ level: "ok", message });
export const warning = (message: string): Finding => ({ level: "warning", message });
export const problem = (message: string): Finding => ({ level: "problem", message });
