import { certificateFiles, FakeTelegram, person } from "@loopgate/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { viewFrom } from "../harness/call.ts";
import { type ConnectProxy, startConnectProxy } from "../harness/connect-proxy.ts";
import { diagnose } from "../harness/doctor.ts";
import { startLoopgate, telegramEnvironment, temporaryDirectory } from "../harness/loopgate.ts";
import { botToken } from "../harness/secret-scan.ts";

/** Telegram's own address, which no test reaches but through the proxy. */
const TELEGRAM = "api.telegram.org";

let parts: AsyncDisposableStack;
let telegram: FakeTelegram;
let directory: string;
let files: Awaited<ReturnType<typeof certificateFiles>>;
beforeEach(async () => {
  parts = new AsyncDisposableStack();
  telegram = parts.use(await FakeTelegram.start(botToken));
  directory = parts.use(await temporaryDirectory()).path;
  files = await certificateFiles(directory, TELEGRAM);
});
afterEach(() => parts.disposeAsync());

const proxyWith = async (status?: number) => {
  const port = Number(new URL(telegram.apiRoot).port);
  return parts.use(await startConnectProxy({ port, ...files, ...(status === undefined ? {} : { status }) }));
};
const behind = ({ url }: Pick<ConnectProxy, "url">, more: Readonly<Record<string, string>> = {}) => ({
  HOME: directory,
  LOOPGATE_DATA_DIR: directory,
  NODE_EXTRA_CA_CERTS: files.certificate,
  HTTPS_PROXY: url,
  ...telegramEnvironment(""),
  ...more,
});

it.each([
  ["HTTPS_PROXY", (url: string) => ({ HTTPS_PROXY: url })],
  ["https_proxy, without its scheme", (url: string) => ({ HTTPS_PROXY: "", https_proxy: url.slice(7) })],
  ["ALL_PROXY", (url: string) => ({ HTTPS_PROXY: "", ALL_PROXY: url })],
])("asks, polls and hears the answer through the proxy of %s", async (_, named) => {
  const proxy = await proxyWith();
  const environment = behind(proxy, { ...named(proxy.url), NO_PROXY: "localhost,.example.com" });
  const loopgate = parts.use(await startLoopgate({ directory, apiRoot: "", environment }));
  const asked = await viewFrom(loopgate.url, "request_human_input", {
    message: "Restart?",
    request_type: "confirmation",
  });
  await expect.poll(() => telegram.messagesIn(7)).toHaveLength(1);
  telegram.press(person(7), telegram.messagesIn(7)[0]!, "Approve");
  const { request_id } = asked;
  const view = await viewFrom(loopgate.url, "check_request_status", { request_id, wait_seconds: 20 });
  expect(view).toMatchObject({ status: "decided", approved: true });
  expect(new Set(proxy.targets)).toEqual(new Set([`${TELEGRAM}:443`]));
});

it("the doctor names the proxy, also one that refuses", async () => {
  const [proxy, refusing] = [await proxyWith(), await proxyWith(407)];
  const [host, refusingHost] = [proxy, refusing].map(({ url }) => new URL(url).host);
  const { lines, bad } = await diagnose(behind(proxy));
  expect(bad).toEqual([]);
  expect(lines).toContainEqual(expect.stringMatching(new RegExp(`answers through the proxy ${host}$`)));
  const refused = await diagnose(behind(refusing));
  expect(refused.bad).toEqual([
    expect.stringContaining(`bot: Telegram can't be reached through the proxy ${refusingHost} (`),
  ]);
});

it("goes past the proxy to a server of this machine, and where NO_PROXY says", async () => {
  const proxy = await proxyWith();
  const near = await diagnose(behind(proxy, { HTTP_PROXY: proxy.url, TELEGRAM_API_ROOT: telegram.apiRoot }));
  expect(near.bad).toEqual([]);
  const direct = await diagnose(behind(proxy, { NO_PROXY: TELEGRAM }));
  expect(direct.bad).toContainEqual(
    expect.stringMatching(/bot: Telegram (can't be reached|does not answer)/),
  );
  expect(proxy.targets).toEqual([]);
});

it.each(["socks5://127.0.0.1:1080", "http://", "ftp://proxy"])(
  "names the variable whose value is no HTTP proxy: %s",
  async (address) => {
    const { bad } = await diagnose(behind({ url: address }));
    expect(bad).toContainEqual(expect.stringContaining("HTTPS_PROXY (or HTTP_PROXY, ALL_PROXY) must be"));
  },
);
