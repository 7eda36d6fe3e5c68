// The transform of a whitened run, for hosts that show what its checkpoints hold.
export { openTransform } from "../experiment/whitening-artifact.ts";
