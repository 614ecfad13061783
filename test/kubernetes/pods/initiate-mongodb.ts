// A pod that makes MongoDB a replica set of one, once its server answers.
import { MongoClient, MongoServerError } from "mongodb";

const host = "mongodb:27017";
const ALREADY_INITIALIZED = 23;

await using client = new MongoClient(`mongodb://${host}/?directConnection=true`);
try {
  await client.db("admin").command({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host }] } });
} catch (error) {
  if (!(error instanceof MongoServerError) || error.code !== ALREADY_INITIALIZED) throw error;
}
