// Checks a value from outside against a schema and names every field that is wrong at once.

import type { z } from "zod";
import { UserError } from "../../../shared/lib/user-error.ts";

/** The parsed value. Throws a UserError of `code`; `source` names the file or request. */
export function checkSchema<S extends z.ZodType>(
  schema: S,
  value: unknown,
  source: string,
  code: string,
  hint: string,
): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join(".")}: ${message}` : message,
  );
  throw new UserError(code, `${source} is not as it should be: ${problems.join("; ")}.`, hint);
}
