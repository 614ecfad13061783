import { connect } from "@loopgate/client";

await using loopgate = connect({ url: "http://127.0.0.1:8080/mcp" });
await loopgate.initialize("deployer", "1.0.0");

const answer = await loopgate.ask({
  message: "Deploy build 42 to production?",
  requestType: "confirmation",
  // ask() makes a key of its own, for retries of this one call; every new question needs a new key.
});
console.log(answer.approved === true ? "deploying" : `not deploying: ${answer.outcome ?? answer.status}`);
