/** `plain` has no entities and is half as long: for a Telegram that refused the `full` one. */
export type MessageForm = "full" | "plain";
