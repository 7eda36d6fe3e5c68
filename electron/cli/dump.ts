// Writes compiled programs down, for whoever wants to see what runs.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Executable, printPlan, printProgram } from "../../shared/engine/index.ts";
import { explainFileError, makeFolder } from "../host/files.ts";

/** A listener for Runtime that writes NNN-name.graph.txt beside the ONNX model or the WGSL plan; none without a folder. */
export async function dumpTo(folder: string | undefined): Promise<((executable: Executable) => void) | undefined> {
  if (folder === undefined) return undefined;
  await makeFolder(folder).catch((error) => {
    throw explainFileError(error, folder);
  });
  let count = 0;
  return (executable) => {
    const { program } = executable;
    const path = join(folder, `${String(count++).padStart(3, "0")}-${program.name}`);
    writeFileSync(`${path}.graph.txt`, `${printProgram(program)}\n`);
    if ("model" in executable) writeFileSync(`${path}.onnx`, executable.model as Uint8Array);
    if ("plan" in executable) writeFileSync(`${path}.wgsl.txt`, `${printPlan(executable)}\n`);
  };
}
