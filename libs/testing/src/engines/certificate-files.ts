import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Writes a self-signed certificate for this host name to `folder`. */
export async function certificateFiles(folder: string, host: string) {
  const [certificate, key] = [join(folder, `${host}.pem`), join(folder, `${host}.key`)];
  const what = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const whom = ["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`];
  await run("openssl", ["req", ...what, ...whom, "-keyout", key, "-out", certificate]);
  return { certificate, key };
}
