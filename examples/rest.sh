#!/bin/sh
loopgate=http://127.0.0.1:8080/v1
json='Content-Type: application/json'

id=$(curl -sS $loopgate/requests -H "$json" -d '{"client_id": "deployer",
  "message": "Deploy build 42 to production?", "request_type": "confirmation"}' |
  sed -n 's/.*"request_id":"\([^"]*\)".*/\1/p')

until curl -sS "$loopgate/requests/$id?wait_seconds=50" | grep -v '"status":"pending"'; do sleep 1; done
