import type { Environment } from "@loopgate/settings";

export interface DoctorOptions {
  readonly environment: Environment;
  /** Send a message to the default chat. */
  readonly sendTest: boolean;
  /** Poll, if nobody of ours does: that interrupts somebody else. */
  readonly poll: boolean;
}
