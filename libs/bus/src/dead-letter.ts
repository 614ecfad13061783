/** An error's name says enough for an operator to look; its message might hold what people wrote. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
