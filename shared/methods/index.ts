// Every method, in one list.
import { z } from "zod";
import { dm } from "./dm.ts";
import type { Method } from "./method.ts";
import { mtt } from "./mtt.ts";
import { tesla } from "./tesla.ts";

const list = [dm, mtt, tesla] as const;
export const methods = list as unknown as readonly Method[];

/** The schema of a recipe's `method`. */
export const methodOptions = z.discriminatedUnion("id", [dm.options, mtt.options, tesla.options]);
export type MethodOptions = z.infer<typeof methodOptions>;

export function methodOf(id: MethodOptions["id"]): Method {
  return methods.find((method) => method.id === id) as unknown as Method;
}

export type { Experts, ExpertTraining, TrajectoryPlane } from "./experts.ts";
export type {
  InitialImages,
  Method,
  MethodState,
  SavedState,
  SavedTree,
  StateTree,
  StepResult,
} from "./method.ts";
