// A store with one dataset and two finished runs, made once by the command line and copied for every test that begins with it.
import { expect } from "@playwright/test";
import { set, type Workplace } from "../cli/run-cli.ts";
import { writePatterns } from "./patterns.ts";

export interface SampleStore {
  readonly home: string;
  readonly datasetId: string;
  /** Both are done; "shapes dm ipc 1" and "shapes dm ipc 2". */
  readonly runIds: readonly [string, string];
}

const settings = set(
  ...["network.width=4", "network.depth=2", "method.steps=60", "method.realBatch=8"],
  ...["evaluation.epochs=5", "evaluation.trials=2", "record.previewEverySteps=10", "record.checkpointEverySteps=20"],
);

export async function makeSampleStore(place: Workplace): Promise<SampleStore> {
  const pictures = await writePatterns(place.file("shapes"), 15);
  const run = async (...words: string[]) => {
    const ended = await place.run(...words, "--json", "--quiet", "--backend", "onnx");
    expect(ended).toMatchObject({ code: 0 });
    return JSON.parse(ended.stdout) as { id: string };
  };
  const { id: datasetId } = await run("import", pictures, "--size", "16");
  const distil = (ipc: number) => run("distill", "dm", "--data", datasetId, "--ipc", String(ipc), ...settings);
  return { home: place.home, datasetId, runIds: [(await distil(1)).id, (await distil(2)).id] };
}
