// Reads a request's body, and says what is wrong with it.

import type { z } from "zod";
import { UserError } from "../../shared/lib/user-error.ts";

/** The parsed JSON body. Throws UserError "bad-request" with every field that is wrong. */
export async function readJson<S extends z.ZodType>(request: Request, schema: S): Promise<z.output<S>> {
  const text = await request.text();
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch (cause) {
    throw badRequest("its body is not JSON", { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  const listed = problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  throw new UserError("bad-request", `The request is not as it should be: ${listed.join("; ")}.`, "", { problems });
}

export async function readBytes(request: Request): Promise<Uint8Array> {
  return new Uint8Array(await request.arrayBuffer());
}

export function badRequest(problem: string, options?: ErrorOptions): UserError {
  return new UserError("bad-request", `The request cannot be answered: ${problem}.`, "", options);
}
