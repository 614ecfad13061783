import { randomBytes } from "node:crypto";
import { rmSync, statfsSync } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** The reserve on a disk with enough room, in bytes: some thousand decisions. */
const WANTED_BYTES = 8_388_608;

/** A smaller reserve would hold too few decisions. */
const LEAST_BYTES = 262_144;

/** The share of a small disk that the reserve may take. */
const SHARE = 0.1;

const CHUNK_BYTES = 262_144;

/** With less free space than this, in bytes, an I/O error is taken for a full disk: one page of a database may not fit. */
const FULL_BELOW_BYTES = 131_072;

/**
 * Room for decisions on a disk that is full: a file that is deleted when a write finds no room. While it is missing,
 * questions are rejected.
 */
export class DiskReserve {
  readonly #file: string;
  /** Its size: a share of the disk, which does not depend on what is free, or it would shrink with every release. */
  readonly bytes: number;
  #released = 0;

  constructor(database: string) {
    this.#file = `${database}-reserve`;
    const { blocks, bsize } = statfsSync(dirname(database));
    this.bytes = Math.floor(Math.max(LEAST_BYTES, Math.min(WANTED_BYTES, blocks * bsize * SHARE)));
  }

  /** Deletes the file, if it is there, and stops making it. */
  release(): void {
    this.#released += 1;
    rmSync(this.#file, { force: true });
  }

  get isDiskFull(): boolean {
    return this.#freeBytes < FULL_BELOW_BYTES;
  }

  /** Makes the file if it is missing and the disk has room for it and as much again. */
  async hold(): Promise<"held" | "no_room"> {
    if ((await sizeOf(this.#file)) >= LEAST_BYTES) return "held";
    return this.#freeBytes < 2 * this.bytes ? "no_room" : this.#write();
  }

  get #freeBytes(): number {
    const { bavail, bsize } = statfsSync(dirname(this.#file));
    return bavail * bsize;
  }

  /** Under another name until it is whole: a process that ends meanwhile leaves a file to be replaced. */
  async #write(): Promise<"held" | "no_room"> {
    const draft = `${this.#file}.tmp`;
    const released = this.#released;
    // A file system may store other bytes, such as zeros, in less room.
    const chunk = randomBytes(CHUNK_BYTES);
    try {
      await using file = await open(draft, "w", 0o600);
      for (let left = this.bytes; left > 0 && released === this.#released; left -= CHUNK_BYTES) {
        await file.writeFile(chunk.subarray(0, left));
      }
      if (released === this.#released) await rename(draft, this.#file);
      return released === this.#released ? "held" : "no_room";
    } catch (error) {
      if (isNoRoom(error)) return "no_room";
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
  }
}

const isNoRoom = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );
