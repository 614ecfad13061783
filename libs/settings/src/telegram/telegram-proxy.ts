import { ConfigurationError } from "../configuration.ts";
import { getProxyForUrl } from "proxy-from-env";

const TELEGRAM = "https://api.telegram.org";
const thisMachine = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * The proxy for calls to a Bot API server, as `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` of this process name it. A server
 * on this machine is called directly, as Go's clients do: no proxy could reach it.
 * @throws ConfigurationError if the variable is not the address of an HTTP proxy.
 */
export function telegramProxy(apiRoot: string = TELEGRAM): URL | undefined {
  if (thisMachine.test(new URL(apiRoot).hostname)) return undefined;
  const address = getProxyForUrl(apiRoot);
  if (address === "") return undefined;
  // Without a scheme, the library assumes the scheme of the call. A proxy's own is http, as for curl.
  const isComplete = Object.values(process.env).includes(address);
  const proxy = isComplete ? address : address.replace(/^https:/, "http:");
  if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol)) {
    throw new ConfigurationError([
      "HTTPS_PROXY (or HTTP_PROXY, ALL_PROXY) must be the http(s) URL of a proxy: correct it, or add Telegram's host to NO_PROXY",
    ]);
  }
  return new URL(proxy);
}
