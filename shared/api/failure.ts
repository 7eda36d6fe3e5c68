// What the host answers when something failed.

import { z } from "zod";

/** One field that is wrong; `path` is dotted, e.g. `method.steps`, and empty for the whole. */
export const fieldProblem = z.object({ path: z.string(), message: z.string() });

export const failureFields = { code: z.string(), message: z.string(), hint: z.string() };
export const errorBody = z.object({ ...failureFields, problems: z.array(fieldProblem).readonly().optional() });
export type ErrorBody = z.infer<typeof errorBody>;
