/** A start that can't go on. The message is for the person who starts: what is wrong, and the next step; no secrets. */
export class StartRefused extends Error {
  override readonly name: string = "StartRefused";
}
