import { STATUS_CODES } from "node:http";
import swagger, { type SwaggerTransform, type SwaggerTransformObject } from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { OpenAPIV3_1 } from "openapi-types";
import { z } from "zod";

/** Serves `openapi.json`, which describes the routes that are added to the scope after this call. */
export async function describeRoutes(scope: FastifyInstance, version: string): Promise<void> {
  await scope.register(swagger, {
    openapi: {
      openapi: "3.1.1",
      info: { ...info, version },
      servers: [{ url: "/" }],
      ...security,
    },
    transform: describeRoute,
    transformObject: withoutUnused,
  });
  scope.get("/openapi.json", { config: { access: "public" }, schema: { hide: true } }, () => scope.swagger());
}

const info = {
  title: "Loopgate",
  description:
    "Asks people, for programs. Members may be added to every object, so ignore those that you do not know. Errors are problems (RFC 9457) with a stable code.",
  license: { name: "MIT", identifier: "MIT" },
};

const security = {
  components: {
    securitySchemes: {
      bearer: { type: "http", scheme: "bearer", description: "An API key." },
      key: { type: "apiKey", in: "header", name: "X-API-Key" },
    },
  },
  security: [{ bearer: [] }, { key: [] }],
} satisfies Partial<OpenAPIV3_1.Document>;

/** Answers may get more members, so no schema forbids them. */
const zodToJsonConfig: NonNullable<Parameters<typeof createJsonSchemaTransform>[0]["zodToJsonConfig"]> = {
  override: ({ jsonSchema }) => {
    if (isUnlimited(jsonSchema.additionalProperties)) delete jsonSchema.additionalProperties;
    delete jsonSchema.propertyNames;
    // What zod checks a time with is long, and says no more than the format.
    if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
  },
};

const isUnlimited = (schema: unknown): boolean =>
  schema === false || (typeof schema === "object" && schema !== null && Object.keys(schema).length === 0);

const withJsonSchemas = createJsonSchemaTransform({ zodToJsonConfig });

const describeRoute: SwaggerTransform = (route) => {
  const { schema, url } = withJsonSchemas(route);
  const { data: responses } = Responses.safeParse(schema?.response);
  if (responses === undefined) return { schema, url };
  const response = Object.fromEntries(
    Object.entries(responses).map(([status, json]) => [status, describeResponse(status, json)]),
  );
  return { schema: { ...schema, response }, url };
};

const Responses = z.record(z.string(), z.looseObject({}));

function describeResponse(status: string, schema: z.infer<typeof Responses>[string]) {
  if ("content" in schema) return schema;
  const isProblem = status === "default";
  const { description = isProblem ? "A problem" : STATUS_CODES[status] } = schema;
  if (schema["type"] === "null") return { description, type: "null" };
  return {
    description,
    content: { [isProblem ? "application/problem+json" : "application/json"]: { schema } },
  };
}

const withComponents = createJsonSchemaTransformObject({ zodToJsonConfig });

/** The library adds each schema twice, as callers send it and as they get it. Only what a route refers to stays. */
const withoutUnused: SwaggerTransformObject = (given) => {
  const whole = withComponents(given);
  if (!("components" in whole)) return whole;
  const schemas: Readonly<Record<string, unknown>> = whole.components?.schemas ?? {};
  const used = new Set<string>();
  const use = (value: unknown): void => {
    for (const [, name = ""] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      use(schemas[name]);
    }
  };
  use(whole.paths);
  for (const name of Object.keys(schemas)) if (!used.has(name)) Reflect.deleteProperty(schemas, name);
  return whole;
};
