import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface Image {
  readonly name: string;
  /** A folder for each layer, the lowest first. */
  readonly layers: readonly string[];
  /** The part `config` of an image's configuration. */
  readonly config: object;
}

/** Writes an image as an OCI archive, without any image tool. */
export async function writeImage({ name, layers, config }: Image, archive: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "loopgate-image-"));
  try {
    await fill(folder, { name, layers, config });
    await run("tar", ["-cf", archive, "-C", folder, "."]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function fill(folder: string, { name, layers, config }: Image): Promise<void> {
  const blobs = join(folder, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const store = async (mediaType: string, file: string) => {
    const hex = await hashOf(file);
    const { size } = await stat(file);
    await rename(file, join(blobs, hex));
    return { mediaType, digest: `sha256:${hex}`, size };
  };
  const storeJson = async (mediaType: string, value: object) => {
    const file = join(folder, "value.json");
    await writeFile(file, JSON.stringify(value));
    return store(mediaType, file);
  };
  const stored = [];
  for (const layer of layers) {
    const file = join(folder, "layer.tar");
    await run("tar", ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "-cf", file, "-C", layer, "."]);
    stored.push(await store("application/vnd.oci.image.layer.v1.tar", file));
  }
  const manifest = await storeJson("application/vnd.oci.image.manifest.v1+json", {
    schemaVersion: 2,
    config: await storeJson("application/vnd.oci.image.config.v1+json", {
      architecture: "amd64",
      os: "linux",
      config,
      rootfs: { type: "layers", diff_ids: stored.map(({ digest }) => digest) },
    }),
    layers: stored,
  });
  const annotations = { "io.containerd.image.name": name };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  await writeFile(join(folder, "index.json"), JSON.stringify(index));
  await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
