import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findHelm, type HelmMajor } from "@loopgate/testing";
import { it as always } from "vitest";
import { parseAllDocuments } from "yaml";

const run = promisify(execFile);

const MAX_OUTPUT_BYTES = 100_000_000;

export const chart = join(import.meta.dirname, "..", "..", "deploy", "chart");
export const fullValues = join(import.meta.dirname, "full-values.yaml");

const [helm3, helm4] = [await findHelm(3), await findHelm(4)];
const binaries = { 3: helm3, 4: helm4 };
export const majors: readonly HelmMajor[] = [3, 4];

/** `it` of tests that need Helm: without it they are skipped on a person's machine, with a loud reason. */
export const it = helm3 === undefined || helm4 === undefined ? always.skip : always;

/**
 * Runs Helm with the chart's folder as the working directory. Resolves with what it prints.
 * @throws Error with what it wrote to stderr, if it fails.
 */
export async function helm(major: HelmMajor, ...args: readonly string[]): Promise<string> {
  try {
    return (await run(binaries[major] ?? "", args, { cwd: chart, maxBuffer: MAX_OUTPUT_BYTES })).stdout;
  } catch (error) {
    throw new Error((error as { readonly stderr: string }).stderr, { cause: error });
  }
}

/** What a release named `loopgate` in the namespace `gate` consists of, as YAML. */
export const render = (major: HelmMajor, ...args: readonly string[]): Promise<string> =>
  helm(major, "template", "loopgate", ".", "--namespace", "gate", "--kube-version", "1.34.0", ...args);

/** As {@link render}, with these values besides those of files. */
export async function renderWith(major: HelmMajor, values: object, ...files: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "loopgate-values-"));
  try {
    const file = join(folder, "values.json");
    await writeFile(file, JSON.stringify(values));
    return await render(major, ...[...files, file].map((path) => `--values=${path}`));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An object of the Kubernetes API, as much of it as tests look at. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: object;
  readonly data?: Readonly<Record<string, string>>;
}

export interface PodSpec {
  readonly containers: readonly {
    readonly name: string;
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly securityContext: object;
  }[];
  readonly volumes: readonly {
    readonly name: string;
    readonly projected?: {
      readonly sources: readonly {
        readonly secret: { readonly items: readonly { readonly key: string }[] };
      }[];
    };
  }[];
}

/** A Deployment or a Job. */
interface Workload extends KubernetesObject {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

const isWorkload = (object: KubernetesObject): object is Workload =>
  object.kind === "Deployment" || object.kind === "Job";

/** The objects in YAML, read as Kubernetes reads it: `0440` is octal. */
export const objectsIn = (text: string): readonly KubernetesObject[] =>
  parseAllDocuments(text, { version: "1.1" })
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);

/** The specifications of the pods of Deployments and Jobs, by the name of their service. */
export const podsIn = (text: string): ReadonlyMap<string, PodSpec> =>
  new Map(
    objectsIn(text)
      .filter(isWorkload)
      .map(({ spec }) => [spec.template.spec.containers[0]?.name ?? "", spec.template.spec]),
  );
