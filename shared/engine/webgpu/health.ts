// Watches a device for errors that WebGPU reports later or to nobody: the first one makes every further call fail.
import { BackendError } from "../errors.ts";

const NEW_DEVICE = "Numbers computed since may be wrong. Open the backend again and go on from the last checkpoint.";

export class Health {
  readonly #pending = new Set<Promise<void>>();
  #failure: BackendError | undefined;
  #disposed = false;
  /** The program that was last given to the device, for errors that do not say where they come from. */
  program = "";

  constructor(device: GPUDevice) {
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#fail(`in or after program ${this.program || "(none)"}: ${event.error.message}`);
    });
    void device.lost.then(({ message, reason }) => {
      if (!this.#disposed)
        this.#fail(`the device was lost (${reason}) in or after program ${this.program || "(none)"}: ${message}`);
    });
  }

  #fail(message: string): void {
    this.#failure ??= new BackendError("webgpu", message.trim(), NEW_DEVICE);
  }

  /** Takes note of an error scope: an error in it is fatal, and `what` says what it befell. */
  expect(scope: Promise<GPUError | null>, what: string): void {
    const check = scope.then(
      (error) => error && this.#fail(`${what}: ${error.message}`),
      (error: unknown) => this.#fail(`${what}: ${error instanceof Error ? error.message : String(error)}`),
    );
    const done: Promise<void> = check.then(() => void this.#pending.delete(done));
    this.#pending.add(done);
  }

  /** Throws what went wrong so far. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Throws what went wrong with anything asked of the device until now. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
    this.check();
  }

  /** The backend is being disposed of: losing the device is no error. */
  end(): void {
    this.#disposed = true;
    this.#failure ??= new BackendError("webgpu", "the backend was used after it was disposed of");
  }
}
