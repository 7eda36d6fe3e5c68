// What the host answers when something failed: { code, message, hint } and a status.

import { ZodError } from "zod";
import type { ErrorBody } from "../../shared/api/datasets.ts";
import { UserError } from "../../shared/lib/user-error.ts";

export interface Failure {
  status: 400 | 404 | 409 | 500 | 507;
  body: ErrorBody;
}

const statuses: Record<string, Failure["status"]> = {
  locked: 409,
  "run-locked": 409,
  "artifact-locked": 409,
  "run-exists": 409,
  "folder-not-empty": 409,
  "run-active": 409,
  "run-done": 409,
  "session-over": 409,
  "compute-busy": 409,
  "no-space": 507,
};

export function describeFailure(error: unknown): Failure {
  if (error instanceof UserError) {
    const isUnknown = error.code.endsWith("-unknown") || error.code.endsWith("not-found");
    const status = statuses[error.code] ?? (isUnknown ? 404 : 400);
    const { code, message, hint, problems } = error;
    return { status, body: { code, message, hint, ...(problems && { problems }) } };
  }
  if (error instanceof ZodError) {
    const problems = error.issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join(".")}: ${message}` : message,
    );
    return { status: 400, body: { code: "bad-request", message: problems.join("; "), hint: "Correct these fields." } };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { status: 500, body: { code: "internal", message, hint: "This is a bug of Stillroom; please report it." } };
}
