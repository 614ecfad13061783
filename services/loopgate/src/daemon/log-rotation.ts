import { copyFileSync, fstatSync, ftruncateSync, statSync } from "node:fs";

const MAX_BYTES = 5_000_000;
const LOOK_EVERY_MS = 10_000;
const STDERR = 2;

/**
 * Keeps the file that stderr goes to small: once it is too long, it is `<file>.1`, and begins anew, also where there is no
 * room for the copy.
 */
export function rotateLog(file: string): Disposable {
  look(file);
  const timer = setInterval(() => look(file), LOOK_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function look(file: string): void {
  const { ino, size } = fstatSync(STDERR);
  if (size <= MAX_BYTES || statSync(file, { throwIfNoEntry: false })?.ino !== ino) return;
  try {
    copyFileSync(file, `${file}.1`);
  } catch {
    // A full disk is no reason to end: what is logged next matters more.
  }
  ftruncateSync(STDERR);
}
