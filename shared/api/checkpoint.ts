// The format of checkpoints, for a host that shows and exports what a run has so far.
export { decodeCheckpoint } from "../experiment/checkpoint.ts";
