// The error of a user's mistake or of the world's: what is wrong, where, and what to do about it.

/** One field that is wrong; `path` is dotted, e.g. `method.steps`, and empty for the whole. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

export interface UserErrorOptions extends ErrorOptions {
  /** Every field that is wrong, for forms. */
  readonly problems?: readonly FieldProblem[] | undefined;
}

/** A named failure that a person can act on. `code` is stable and kebab-case; `hint` says what to do. */
export class UserError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly problems: readonly FieldProblem[] | undefined;

  constructor(code: string, message: string, hint = "", options: UserErrorOptions = {}) {
    super(message, options);
    this.name = "UserError";
    this.code = code;
    this.hint = hint;
    this.problems = options.problems;
  }
}

/** The sentence shown to a person: the message, then the way out. */
export function describeError(error: unknown): string {
  if (error instanceof UserError) return error.hint ? `${error.message} ${error.hint}` : error.message;
  return error instanceof Error ? error.message : String(error);
}
