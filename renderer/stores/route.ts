// Where the window is: the address after the #, as segments and a query, so that any host can serve the page.
import { createStore } from "zustand/vanilla";

export interface Route {
  readonly segments: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export function parseHash(hash: string): Route {
  const [path, search = ""] = hash.replace(/^#/, "").split("?");
  return {
    segments: path.split("/").filter(Boolean).map(decode),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

export function toHash(segments: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${segments.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // typed by hand; it will name nothing
  }
}

/** The part of a window's `location` that routing needs. */
interface Place {
  hash: string;
}

export const createRouteStore = (place: Place) => createStore<Route>(() => parseHash(place.hash));
