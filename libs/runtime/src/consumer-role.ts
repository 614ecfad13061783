/** A consumer's name without the account that it works for: as a label it may not name that. */
export const roleOf = (consumer: string): string => consumer.replace(/-\d+$/, "");
