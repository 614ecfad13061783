import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { findKubernetesSchemas } from "@loopgate/testing";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { describe, expect } from "vitest";
import { fullValues, it as withHelm, type KubernetesObject, objectsIn, podsIn, render } from "./helm.ts";

const schemas = await findKubernetesSchemas();
const it = schemas === undefined ? withHelm.skip : withHelm;

/** The oldest version that the chart takes, and the newest that has schemas. */
const versions = ["1.30.0", "1.37.0"] as const;

/** What is wrong with an object, by the strict schemas of one version of the API: unknown fields are wrong, too. */
async function validatorOf(version: string) {
  const read = async (name: string): Promise<object> =>
    JSON.parse(await readFile(join(schemas ?? "", `v${version}-local-strict`, name), "utf8"));
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(await read("_definitions.json"), "/api/_definitions.json");
  const compiled = new Map<string, Promise<ValidateFunction>>();
  const schemaOf = ({ apiVersion, kind }: KubernetesObject): Promise<ValidateFunction> => {
    const name = `${kind.toLowerCase()}-${apiVersion.replace(/\.k8s\.io\//, "-").replace("/", "-")}.json`;
    const schema = compiled.get(name) ?? read(name).then((found) => ajv.compile(found));
    compiled.set(name, schema);
    return schema;
  };
  return async (object: KubernetesObject): Promise<readonly string[]> => {
    const validate = await schemaOf(object);
    validate(object);
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${object.kind} ${object.metadata.name} ${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  };
}

/** Prometheus' own kinds, whose schemas are no part of the API. */
const prometheus = { ServiceMonitor, PrometheusRule } as const;

const isOfPrometheus = ({ apiVersion }: KubernetesObject) => apiVersion.startsWith("monitoring.coreos.com/");

const releases: readonly (readonly [name: string, args: readonly string[]])[] = [
  ["default", []],
  ["full", ["--values", fullValues]],
];

describe.each(releases)("The objects of the %s values", (_, args) => {
  it.each(versions)("fit the API of Kubernetes %s", async (version) => {
    const problemsOf = await validatorOf(version);
    const objects = objectsIn(await render(4, ...args)).filter((object) => !isOfPrometheus(object));
    expect(objects.length).toBeGreaterThan(15);
    expect((await Promise.all(objects.map(problemsOf))).flat()).toEqual([]);
  });

  it("run as the Pod Security Standard `restricted` asks", async () => {
    const pods = podsIn(await render(4, ...args));
    expect([...pods.keys()]).toEqual(expect.arrayContaining(["bootstrap", "gateway", "notifier", "state"]));
    for (const pod of pods.values()) {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      expect(pod.containers.map(({ securityContext }) => securityContext)).toEqual([
        {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
      ]);
      expect(pod.volumes.map((volume: object) => Object.keys(volume)[1])).toEqual(["emptyDir", "projected"]);
    }
  });
});

it("finds a field that does not exist, and one of the wrong type", async () => {
  const problemsOf = await validatorOf("1.37.0");
  const metadata = { name: "a" };
  const service = { apiVersion: "v1", kind: "Service", metadata };
  expect(await problemsOf({ ...service, spec: { ports: [{ port: 80 }] } })).toEqual([]);
  expect(await problemsOf({ ...service, spec: { prots: [] } })).toHaveLength(1);
  expect(await problemsOf({ ...service, spec: { ports: [{ port: "80" }] } })).toHaveLength(1);
});

it("the objects for Prometheus have the fields and types of its operator", async () => {
  const objects = objectsIn(await render(4, "--values", fullValues)).filter(isOfPrometheus);
  expect(objects.map(({ kind }) => kind).sort()).toEqual(["PrometheusRule", "ServiceMonitor"]);
  for (const object of objects) {
    const Model = prometheus[object.kind as keyof typeof prometheus];
    expect(() => new Model(object as never).validate()).not.toThrow();
  }
});
