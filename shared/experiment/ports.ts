// What an experiment needs of the world around it: a run folder to write to, a clock, and somebody to tell how it goes.
import type { RunEvent, Stage } from "./events.ts";
import type { SessionEnd, SessionStart } from "./session-record.ts";

/** A picture as bytes: uint8 [height][width][channels]. */
export interface Picture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** How the loop reaches the run folder. Each call is complete, or has changed nothing. */
export interface RunPort {
  appendEvents(events: readonly RunEvent[]): Promise<void>;
  writeCheckpoint(name: string, bytes: Uint8Array): Promise<void>;
  writePreview(step: number, picture: Picture): Promise<void>;
  writeFile(name: "distilled.safetensors" | "best.safetensors" | "evaluation.json", bytes: Uint8Array): Promise<void>;
}

/** A run folder that one session has for itself, by files or over HTTP. */
export interface RunStore extends RunPort {
  /** The folder, for messages. */
  readonly path: string;
  /** What run.json said before this session; the recipe is still to be checked. */
  readonly record: {
    readonly recipe: unknown;
    readonly backend: string;
    readonly adapter: string;
    readonly imagesAtOnce?: number | undefined;
    readonly sessions: readonly unknown[];
  };
  /** Names, newest first. */
  listCheckpoints(): Promise<readonly string[]>;
  readCheckpoint(name: string): Promise<Uint8Array>;
  /** The earlier set that its images begin with, copied into the run when that was made. Throws UserError "not-found". */
  readInitial(): Promise<Uint8Array>;
  /**
   * Cuts the events to where the session begins and marks the run as running, or throws UserError "events-missing" and
   * changes nothing.
   */
  begin(start: SessionStart): Promise<void>;
  /** Marks how the session ended. */
  end(end: SessionEnd): Promise<void>;
}

/** How far a stage is, for bars and estimates; never stored. */
export interface Progress {
  readonly stage: Stage;
  readonly done: number;
  readonly total: number;
  /** What `done` counts. */
  readonly unit: "step" | "epoch";
  readonly perSecond: number;
  readonly secondsLeft: number;
  readonly note: string;
}
