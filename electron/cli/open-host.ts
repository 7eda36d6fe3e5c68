// The host as the command line uses it: the store, opened in this process.
import { openStore, type Store } from "../host/store.ts";

export interface Host {
  readonly store: Store;
}

export async function openHost(): Promise<Host> {
  return { store: await openStore() };
}
