import type { RequestResource } from "@loopgate/contracts/v1/request";
import { follow, type LiveOptions, type LiveState } from "./live.ts";

type Told =
  | { readonly kind: "request"; readonly request: RequestResource }
  | { readonly kind: "state"; readonly state: LiveState }
  | { readonly kind: "reset" }
  | { readonly kind: "newcomer" };

/**
 * Follows the events in one tab for all tabs of this browser, which opens only six connections to a server. The other
 * tabs hear them by broadcast, and one of them takes over when that tab closes.
 */
export async function followInOneTab(options: LiveOptions, signal: AbortSignal): Promise<void> {
  const channel = new BroadcastChannel("loopgate-live");
  const tell = (told: Told) => channel.postMessage(told);
  let state: LiveState = { kind: "connecting" };
  let leads = false;
  channel.onmessage = ({ data }: MessageEvent<Told>) => {
    if (data.kind === "newcomer") return leads ? tell({ kind: "state", state }) : undefined;
    if (leads) return undefined;
    if (data.kind === "request") return options.onRequest(data.request);
    if (data.kind === "reset") return options.onReset();
    // What was told before this tab listened has to be read.
    if (data.state.kind === "live" && state.kind !== "live") options.onReset();
    state = data.state;
    return options.onState(state);
  };
  const leading: LiveOptions = {
    ...options,
    onRequest: (request) => (options.onRequest(request), tell({ kind: "request", request })),
    onReset: () => (options.onReset(), tell({ kind: "reset" })),
    onState: (next) => (options.onState((state = next)), tell({ kind: "state", state })),
  };
  tell({ kind: "newcomer" });
  const lead = () => ((leads = true), follow(leading, signal));
  await navigator.locks.request("loopgate-live", { signal }, lead).catch(() => undefined);
  channel.close();
}
