import { z } from "zod";

/** A JSON Schema with an object at its root, limited to what draft-07 and 2020-12 have in common. */
export interface ToolSchema {
  readonly type: "object";
  readonly properties: Record<string, z.core.util.JSONType>;
  readonly required?: string[];
  readonly [keyword: string]: unknown;
}

const Shape = z.looseObject({
  type: z.literal("object"),
  properties: z.record(z.string(), z.json()),
  required: z.array(z.string()).optional(),
});

/**
 * The schema for clients. It allows additional members, so that a client with a cached older schema accepts new ones.
 */
export function toolSchema(schema: z.ZodObject, io: "input" | "output"): ToolSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      delete jsonSchema.propertyNames;
    },
  });
  const { required, ...shape } = Shape.parse(json);
  return required === undefined ? shape : { ...shape, required };
}
