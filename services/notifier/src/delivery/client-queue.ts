import type { Position } from "./position.ts";

/** The questions of one client at one place, by their sequence. */
export class ClientQueue {
  readonly client: string;
  readonly #positions: Position[] = [];

  constructor(client: string) {
    this.client = client;
  }

  get positions(): readonly Position[] {
    return this.#positions;
  }

  /** The question whose turn is next; undefined while all wait for an earlier one that failed and is tried again. */
  get next(): Position | undefined {
    for (const position of this.#positions) {
      if (position.holdsUpLater) return undefined;
      if (!position.letsLaterPass) return position;
    }
    return undefined;
  }

  /** Adds a question at its place in the order. Searched from the end, where most questions arrive. */
  insert(position: Position): void {
    this.#positions.splice(this.#positions.findLastIndex(({ seq }) => seq <= position.seq) + 1, 0, position);
  }

  /** False if it was not here. */
  remove(position: Position): boolean {
    const at = this.#positions.indexOf(position);
    if (at >= 0) this.#positions.splice(at, 1);
    return at >= 0;
  }

  /** A question was sent: an earlier one that let it pass failed by its own fault, and holds up no other from now on. */
  sent(position: Position): void {
    for (const earlier of this.#before(position)) earlier.provenAtFault();
  }

  /** A question failed: if it holds up the later ones, so do the earlier ones that let it pass. */
  failed(position: Position): void {
    const isLast = this.#positions.at(-1) === position;
    if (!isLast && position.letsLaterPass) return;
    for (const one of [...this.#before(position), position]) one.holdUpLater();
  }

  #before(position: Position): readonly Position[] {
    return this.#positions.slice(0, this.#positions.indexOf(position));
  }
}
