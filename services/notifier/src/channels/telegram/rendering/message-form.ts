/** `plain` has no entities and is half as long: for when Telegram rejected the `full` form. */
export type MessageForm = "full" | "plain";
