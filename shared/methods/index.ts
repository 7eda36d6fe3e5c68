// Every method, in one list.
import { z } from "zod";
import { datadam } from "./datadam.ts";
import { dc } from "./dc.ts";
import { dm } from "./dm.ts";
import { dsa } from "./dsa.ts";
import type { Method } from "./method.ts";
import { mtt } from "./mtt.ts";
import { tesla } from "./tesla.ts";

const list = [dm, datadam, dc, dsa, mtt, tesla] as const;
export const methods = list as unknown as readonly Method[];

type OptionsOf<List extends readonly unknown[]> = {
  -readonly [I in keyof List]: List[I] extends { readonly options: infer Options } ? Options : never;
};

/** The schema of a recipe's `method`. */
export const methodOptions = z
  .discriminatedUnion("id", list.map(({ options }) => options) as OptionsOf<typeof list>)
  .describe("What moves the synthetic images");
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
