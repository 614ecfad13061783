/**
 * Settles like `promise`, or after `ms` milliseconds with what `onTimeout` returns or throws. The work behind `promise`
 * continues; if it rejects later, that is ignored.
 */
export async function withTimeout<Value, Late>(
  promise: Promise<Value>,
  ms: number,
  onTimeout: () => Late,
): Promise<Value | Late> {
  const late = Promise.withResolvers<symbol>();
  const timer = setTimeout(() => late.resolve(LATE), ms);
  try {
    const first = await Promise.race([promise, late.promise]);
    return isLate(first) ? onTimeout() : first;
  } finally {
    clearTimeout(timer);
  }
}

const LATE = Symbol("late");

const isLate = (value: unknown): value is symbol => value === LATE;
