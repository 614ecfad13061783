export {
  rebuildProjection,
  type RebuildOptions,
  type RebuildProgress,
} from "./projection/rebuild-projection.ts";
export { startState, type StateOptions, type StateService } from "./state.ts";
export type { ListFilter, ListPage, ListPosition, RequestStore } from "./store/request-store.ts";
