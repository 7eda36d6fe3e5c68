// A program that opens an adapter which is new, and dies while its kernels are checked: STORE, and the signal that ends it, or "exit".
import { openWebgpu } from "../../electron/compute/gpu.ts";
import { useSwiftshader } from "./swiftshader.ts";

const [home, signal] = process.argv.slice(2);
// biome-ignore lint/correctness/useHookAtTopLevel: no hook of React.
useSwiftshader();
// Software adapters are used as they are, but where this asks for what a GPU gets.
process.env.STILLROOM_TUNE = "1";
const onProgress = () => {
  if (signal === "exit") process.exit(3);
  process.kill(process.pid, signal);
};
await openWebgpu({ adapter: "SwiftShader", remembering: { home, onNotice: () => {}, onProgress } });
