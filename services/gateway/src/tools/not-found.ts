import { apiError, type ApiFailure } from "@loopgate/rest";

export const notFound = (): ApiFailure =>
  apiError("not_found", "No request has this id: list_pending_requests lists the pending ones.");
