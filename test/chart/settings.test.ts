import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it as always } from "vitest";
import { parse } from "yaml";
import { fullValues, it, podsIn, render, renderWith } from "./helm.ts";

const root = join(import.meta.dirname, "..", "..");
const services = ["gateway", "inbox", "notifier", "state", "bootstrap"] as const;
type Service = (typeof services)[number];

/** The documents say "commands" of what the job reads, and "all" of everything. */
const readers: Readonly<Record<Service, readonly string[]>> = {
  gateway: ["gateway", "all"],
  inbox: ["inbox", "all"],
  notifier: ["notifier", "all"],
  state: ["state", "all"],
  bootstrap: ["commands", "all"],
};

/** Names that the documents mention in the text of another setting. */
const explainedElsewhere = new Set(["NODE_EXTRA_CA_CERTS", "HTTP_PROXY"]);

/** Secrets, whose files the documents name once for all of them. */
const secrets = ["TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET", "NATS_URL", "MONGODB_URI"];

const settingOf = (variable: string): string =>
  secrets.find((name) => variable === `${name}_FILE`) ?? variable;

interface DocumentedSetting {
  readonly names: readonly string[];
  readonly readBy: readonly string[];
}

/** The rows of every table of docs/configuration.md that says who reads a setting. */
async function documentedSettings(): Promise<readonly DocumentedSetting[]> {
  const text = await readFile(join(root, "docs", "configuration.md"), "utf8");
  return text
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => cells.length === 6 && cells[1]?.startsWith("`"))
    .map(([, names = "", , readBy = ""]) => ({
      names: [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name = ""]) => name),
      readBy: readBy.split(", ").map((reader) => reader.replaceAll("`", "")),
    }));
}

async function documentedFor(service: Service): Promise<readonly string[]> {
  const all = await documentedSettings();
  return all
    .filter(({ readBy }) => readBy.some((reader) => readers[service].includes(reader)))
    .flatMap(({ names }) => names);
}

/** The settings of one service in releases that set as much as possible. */
async function chartSettingsOf(service: Service): Promise<ReadonlySet<string>> {
  const releases = [
    await render(4, "--values", fullValues),
    await renderWith(4, { nats: { servers: ["nats://nats:4222"] } }, fullValues),
  ];
  const variables = releases.flatMap((text) => podsIn(text).get(service)?.containers[0]?.env ?? []);
  return new Set(variables.map(({ name }) => settingOf(name)));
}

async function composeSettings(): Promise<ReadonlyMap<Service, readonly string[]>> {
  const text = await readFile(join(root, "docker-compose.yml"), "utf8");
  const compose = parse(text, { merge: true }) as {
    readonly services: Readonly<Record<string, { readonly environment: Readonly<Record<string, unknown>> }>>;
  };
  return new Map(
    services.map((service) => [service, Object.keys(compose.services[service]?.environment ?? {})]),
  );
}

describe.each(services)("The settings of %s", (service) => {
  it("are the same in the chart and in the documents", async () => {
    const chart = await chartSettingsOf(service);
    const documented = await documentedFor(service);
    expect([...chart].filter((name) => !explainedElsewhere.has(name)).sort()).toEqual([...documented].sort());
  });

  it("in docker-compose.yml are among those of the chart", async () => {
    const all = new Set((await Promise.all(services.map(chartSettingsOf))).flatMap((names) => [...names]));
    const compose = (await composeSettings()).get(service) ?? [];
    expect(compose.length).toBeGreaterThan(0);
    expect(compose.filter((name) => !all.has(name))).toEqual([]);
  });
});

always("the documents mention every setting that another one explains", async () => {
  const text = await readFile(join(root, "docs", "configuration.md"), "utf8");
  for (const name of explainedElsewhere) expect(text).toContain(`\`${name}\``);
});
