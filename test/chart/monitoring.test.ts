import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { expect } from "vitest";
import { fullValues, it, objectsIn, render } from "./helm.ts";

const root = join(import.meta.dirname, "..", "..");

/** Labels that the cluster, Prometheus or a histogram adds. */
const addedLabels = ["namespace", "pod", "app_kubernetes_io_component", "le"];

/** A metric and the labels that an expression uses with it. */
interface Use {
  readonly metric: string;
  readonly labels: readonly string[];
}

/**
 * The metrics of an expression. Labels of aggregations count for every metric in it.
 * @throws Error if it is not PromQL.
 */
function usesIn(expression: string): readonly Use[] {
  const metrics: { name: string; labels: string[] }[] = [];
  const shared: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from, to, node }) => {
      const text = expression.slice(from, to);
      if (type.isError) throw new Error(`not PromQL: ${expression}`);
      if (type.name === "Identifier" && node.parent?.name === "VectorSelector")
        metrics.push({ name: text, labels: [] });
      if (type.name === "LabelName")
        (node.parent?.name === "GroupingLabels" ? shared : metrics.at(-1)?.labels)?.push(text);
    },
  });
  return metrics.map(({ name, labels }) => ({ metric: name, labels: [...labels, ...shared] }));
}

/** The names and labels that the services are pinned to, by their own test. */
async function pinnedMetrics(): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = await readFile(join(root, "services", "loopgate", "test", "metrics.test.ts"), "utf8");
  const lines = [...text.matchAll(/"(loopgate_\w+) (counter|gauge|histogram)([ \w]*)"/g)];
  return new Map(
    lines.flatMap(([, name = "", type, labels = ""]) =>
      (type === "histogram" ? ["_bucket", "_count", "_sum"] : [""]).map(
        (suffix) => [`${name}${suffix}`, labels.split(" ").filter((label) => label !== "")] as const,
      ),
    ),
  );
}

async function unknownIn(expressions: readonly string[]): Promise<readonly string[]> {
  const pinned = await pinnedMetrics();
  return expressions
    .flatMap(usesIn)
    .filter(({ metric }) => !metric.startsWith("process_"))
    .flatMap(({ metric, labels }) => {
      const known = pinned.get(metric);
      if (known === undefined) return [metric];
      return labels
        .filter((label) => !known.includes(label) && !addedLabels.includes(label))
        .map((label) => `${metric} ${label}`);
    });
}

it("knows the metrics of the services, and a metric or label that they do not have", async () => {
  expect((await pinnedMetrics()).size).toBeGreaterThan(20);
  expect(await unknownIn(['sum by (reason) (loopgate_nothing{namespace="a"})'])).toEqual([
    "loopgate_nothing",
  ]);
  expect(await unknownIn(['loopgate_dead_letters_total{reason="a"}'])).toEqual([
    "loopgate_dead_letters_total reason",
  ]);
  expect(() => usesIn("sum(")).toThrow("not PromQL");
});

interface Alerts {
  readonly spec: { readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[] };
}

it("alerts on metrics that the services have, in the release's own namespace", async () => {
  const objects = objectsIn(await render(4, "--set", "metrics.prometheusRule.enabled=true"));
  const rule = objects.find(({ kind }) => kind === "PrometheusRule") as Alerts | undefined;
  const expressions = rule?.spec.groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)) ?? [];
  expect(expressions.length).toBeGreaterThan(5);
  expect(await unknownIn(expressions)).toEqual([]);
  expect(expressions.filter((one) => !one.includes('namespace="gate"'))).toEqual([]);
});

it("does not expect polls where Telegram calls a webhook", async () => {
  expect(await render(4, "--values", fullValues)).not.toContain("LoopgateAnswersNotFetched");
});

it("draws metrics that the services have", async () => {
  const map = objectsIn(await render(4, "--values", fullValues)).find(({ kind }) => kind === "ConfigMap");
  const dashboard = JSON.parse(map?.data?.["loopgate.json"] ?? "") as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(expressions.length).toBeGreaterThan(15);
  expect(await unknownIn(expressions.map((one) => one.replaceAll("$__rate_interval", "5m")))).toEqual([]);
});
