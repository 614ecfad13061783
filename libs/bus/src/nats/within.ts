/** What the promise gives; undefined if that takes longer than `ms`. */
export async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value | undefined> {
  const { promise: isOver, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([promise, isOver]);
  } finally {
    clearTimeout(timer);
  }
}
