import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const CURVE = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

interface Subject {
  readonly name: string;
  readonly subject: string;
  readonly extensions: readonly string[];
}

/**
 * Creates the keys of a cluster: an authority, a certificate for every server on the node, one for its administrator, and
 * the key that signs the tokens of service accounts.
 */
export async function createKeys(folder: string, addresses: readonly string[]): Promise<void> {
  const openssl = (...args: readonly string[]) => run("openssl", args, { cwd: folder });
  const key = (name: string) => openssl("genpkey", ...CURVE, "-out", `${name}.key`);
  await key("ca");
  await openssl(
    "req",
    "-x509",
    "-new",
    "-key",
    "ca.key",
    "-subj",
    "/CN=cluster",
    "-days",
    "30",
    "-out",
    "ca.crt",
  );
  const issue = async ({ name, subject, extensions }: Subject) => {
    await key(name);
    await openssl("req", "-new", "-key", `${name}.key`, "-subj", subject, "-out", `${name}.csr`);
    await writeFile(join(folder, `${name}.ext`), extensions.join("\n"));
    const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30"];
    await openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      ...signed,
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.crt`,
    );
  };
  const names = ["DNS:kubernetes.default.svc", ...addresses.map((address) => `IP:${address}`)];
  await issue({ name: "server", subject: "/CN=server", extensions: [`subjectAltName=${names.join(",")}`] });
  await issue({
    name: "admin",
    subject: "/O=system:masters/CN=admin",
    extensions: ["extendedKeyUsage=clientAuth"],
  });
  await openssl("genpkey", "-algorithm", "RSA", "-out", "accounts.key");
  await openssl("pkey", "-in", "accounts.key", "-pubout", "-out", "accounts.pub");
}

/** What connects to the API server as the administrator. */
export async function adminKubeconfig(folder: string, address: string): Promise<object> {
  const encoded = (name: string) => readFile(join(folder, name), "base64");
  const user = {
    "client-certificate-data": await encoded("admin.crt"),
    "client-key-data": await encoded("admin.key"),
  };
  const cluster = {
    server: `https://${address}:6443`,
    "certificate-authority-data": await encoded("ca.crt"),
  };
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "cluster", cluster }],
    users: [{ name: "admin", user }],
    contexts: [{ name: "cluster", context: { cluster: "cluster", user: "admin" } }],
    "current-context": "cluster",
  };
}
