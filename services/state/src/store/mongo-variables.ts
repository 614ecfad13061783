import { z } from "zod";

/** The database of the distributed topology. */
export const mongoVariables = {
  MONGODB_URI: z
    .string("is missing: name the database, such as mongodb://localhost:27017/loopgate")
    .regex(/^mongodb(\+srv)?:\/\//, "is no connection string, such as mongodb://localhost:27017/loopgate"),
};

/** The connection string may hold a user and a password. */
export const mongoSecrets = ["MONGODB_URI"] as const;
