// The list of export formats.
import { grid } from "./grid.ts";
import { imageFolder } from "./image-folder.ts";
import { npz } from "./npz.ts";
import { safetensors } from "./safetensors.ts";

export const exportFormats = [imageFolder, npz, safetensors, grid] as const;
