/** From this part of its size on a log takes no new questions: the rest is for what becomes of those it has (design 5). */
const FULL_FROM = 0.8;

/** True while a log of this size takes what leaves room to others. */
export const hasHeadroom = (usedBytes: number, maxBytes: number): boolean => usedBytes < maxBytes * FULL_FROM;
