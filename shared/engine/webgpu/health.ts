// Watches a device for errors that WebGPU reports later or to nobody: the first one makes every further call fail.
import { BackendError, DeviceLostError } from "../errors.ts";

const NEW_DEVICE = "Numbers computed since may be wrong. Open the backend again and go on from the last checkpoint.";
const LOSS_IS_TOLD_WITHIN_MS = 1000;

export class Health {
  readonly #pending = new Set<Promise<void>>();
  readonly #lost: Promise<void>;
  #failure: BackendError | undefined;
  #disposed = false;
  /** The program that was last given to the device, for errors that do not say where they come from. */
  program = "";

  constructor(device: GPUDevice) {
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#fail(`in or after program ${this.program || "(none)"}: ${event.error.message}`);
    });
    this.#lost = device.lost.then(({ message, reason }) => {
      const what = `the device was lost (${reason}) in or after program ${this.program || "(none)"}: ${message}`;
      // Before all else: what fails on a lost device fails for that.
      if (!this.#disposed) this.#failure = new DeviceLostError("webgpu", what.trim(), NEW_DEVICE);
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

  /** Throws DeviceLostError where the device turns out to be lost, which it says a moment after its first refusal. */
  async settleRefusal(): Promise<void> {
    await Promise.race([this.#lost, new Promise((resolve) => setTimeout(resolve, LOSS_IS_TOLD_WITHIN_MS))]);
    await this.settle();
  }

  /** The backend is being disposed of: losing the device is no error. */
  end(): void {
    this.#disposed = true;
    this.#failure ??= new BackendError("webgpu", "the backend was used after it was disposed of");
  }
}
