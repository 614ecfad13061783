export {
  rebuildProjection,
  type RebuildOptions,
  type RebuildProgress,
} from "./projection/rebuild-projection.ts";
export { startState, type StateOptions, type StateService } from "./state.ts";
export type { ListPosition, PendingPage, RequestStore } from "./store/request-store.ts";
