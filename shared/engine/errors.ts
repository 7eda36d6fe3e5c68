// The engine's named errors: each says which op, with which shapes, and the trail of ops that led there.
import { UserError } from "../lib/user-error.ts";

/** Shapes or element types that an op cannot take. */
export class ShapeError extends UserError {
  constructor(op: string, problem: string, trail = "") {
    super("shape", `${op}: ${problem}${trail ? `\n${trail}` : ""}`);
    this.name = "ShapeError";
  }
}

/** A backend that cannot compile, run or hold what it was asked to. */
export class BackendError extends UserError {
  constructor(backend: string, message: string, hint = "", options?: ErrorOptions, code = "backend") {
    super(code, `${backend}: ${message}`, hint, options);
    this.name = "BackendError";
  }
}

/** The GPU was reset, unplugged or taken away: with a new device everything can go on from what was kept. */
export class DeviceLostError extends BackendError {
  constructor(backend: string, message: string, hint = "") {
    super(backend, message, hint, undefined, "device-lost");
    this.name = "DeviceLostError";
  }
}
