/** A request that waits, as a gateway tells of it; the client may look again at once. */
export const pending = {
  request_id: "r1",
  status: "pending",
  request_type: "confirmation",
  session_id: "default",
  client_id: "deployer",
  message: "Deploy?",
  created_at: "2026-01-01T00:00:00.000Z",
  expires_at: "2026-01-01T00:05:00.000Z",
  delivery: "queued",
  approved: null,
  poll_after_seconds: 0.01,
};

export const decided = { ...pending, status: "decided", outcome: "approved", approved: true };
