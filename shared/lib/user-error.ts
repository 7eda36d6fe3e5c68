// The error of a user's mistake or of the world's: what is wrong, where, and what to do about it.

/** A named failure that a person can act on. `code` is stable and kebab-case; `hint` says what to do. */
export class UserError extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(code: string, message: string, hint = "", options?: ErrorOptions) {
    super(message, options);
    this.name = "UserError";
    this.code = code;
    this.hint = hint;
  }
}

/** The sentence shown to a person: the message, then the way out. */
export function describeError(error: unknown): string {
  if (error instanceof UserError) return error.hint ? `${error.message} ${error.hint}` : error.message;
  return error instanceof Error ? error.message : String(error);
}
