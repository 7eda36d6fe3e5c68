// serve: the app for a browser on this machine, or on another through a tunnel.
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import packageJson from "../../../package.json" with { type: "json" };
import { UserError } from "../../../shared/lib/user-error.ts";
import { createLog } from "../../host/log.ts";
import { startServer } from "../../server/server.ts";
import { type CliCommand, type CommonOptions, createCli, wholeNumber, withCommonOptions } from "../cli.ts";

const renderer = fileURLToPath(new URL("../../../dist/renderer/", import.meta.url));
const MAX_PORT = 65_535;

export const serveCommand: CliCommand = {
  register: (program) => {
    const command = program
      .command("serve")
      .description("serve the app to a browser on this machine")
      .option("--port <number>", "the port to listen on; one that is free when left out", wholeNumber);
    withCommonOptions(command).action(async (flags: CommonOptions & { readonly port?: number }) => {
      const { port } = flags;
      if (port !== undefined && port > MAX_PORT) {
        throw new UserError("usage", `There is no port ${port}.`, `Ports end at ${MAX_PORT}.`);
      }
      const { backend, adapter, memoryLimit } = flags;
      if (backend === "reference") {
        throw new UserError("usage", "The window does not compute on the reference backend.", "It takes hours.");
      }
      const isOpen = backend === "auto" && adapter === undefined;
      const cli = createCli(flags);
      const { store } = await cli.host();
      const log = createLog();
      const server = await startServer({
        store,
        version: packageJson.version,
        log,
        renderer,
        port,
        defaults: { ...(isOpen ? {} : { backend, adapter }), memoryLimit },
      });
      cli.output.result({ url: server.url, port: server.port }, `Open ${server.url}`);
      cli.output.note("Ctrl-C ends it; a run that is computed stops within a step and can be resumed.");
      if (!cli.signal.aborted) await once(cli.signal, "abort");
      await server.close();
    });
  },
};
