// The contract of a view.
import type { Icon } from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { ActionId } from "../../shared/api/actions.ts";
import type { Route } from "../stores/route.ts";

export interface View {
  readonly id: string;
  readonly title: string;
  readonly icon: Icon;
  /** Segments of the address that lead here; ":id" stands for any one. */
  readonly path: string;
  /** The action that goes here, with its key; a view without one is reached from another. */
  readonly shortcut?: ActionId;
  /** Whether the rail shows it. */
  readonly isInRail?: boolean;
  /** The id of the view in the rail that this one belongs to, where its address does not tell. */
  readonly under?: string;
  readonly Component: ComponentType<{ readonly route: Route }>;
}

export const defineView = (view: View): View => view;
