claude mcp add loopgate -e TELEGRAM_BOT_TOKEN=123456:ABC… -e TELEGRAM_CHAT_ID=1234567 -- /absolute/path/to/loopgate/loopgate
