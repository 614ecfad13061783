import { inParallel } from "./in-parallel.ts";

/** Private chats, and how a deployment gets to know them: a session for each. */
export const people = (count: number) => {
  const chats = Array.from({ length: count }, (_, n) => 1_001 + n);
  return {
    chats,
    environment: { TELEGRAM_ALLOWED_CHATS: chats.join(",") },
    session: (chat: number) => `chat-${chat}`,
    register: (url: string) =>
      inParallel(count, 8, async (n) => {
        const body = { session_id: `chat-${chats[n]}`, client_id: "bench", telegram_id: chats[n] };
        const response = await fetch(`${url}/hitl/register`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        });
        if (!response.ok) throw new Error(`register: ${response.status} ${await response.text()}`);
      }),
  };
};
