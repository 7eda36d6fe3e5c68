// A process that takes the lock of argv's folder again and again, each time adding one line to argv's file alone.
import { appendFile, open, rm } from "node:fs/promises";
import { withLock } from "../../electron/host/lock.ts";

const [folder = "", file = "", rounds = "1"] = process.argv.slice(2);
for (let round = 0; round < Number(rounds); round++) {
  await withLock(folder, async () => {
    await (await open(`${file}.inside`, "wx")).close(); // fails while another is inside
    await appendFile(file, "x\n");
    await rm(`${file}.inside`);
  });
}
