// The window: rail, title bar, the view that the address names, and what lies over them.

import { IconError404 } from "@tabler/icons-react";
import { useCallback, useEffect } from "react";
import { useStore } from "zustand";
import { actions } from "../shared/api/actions.ts";
import { listRunning } from "../shared/api/compute.ts";
import styles from "./app.module.css";
import { DropTarget } from "./components/drop-target.tsx";
import { EmptyState } from "./components/empty-state.tsx";
import { ErrorBoundary } from "./components/error-boundary.tsx";
import { itemsOfDrop } from "./components/file-sources.ts";
import { HelpSheet } from "./frame/help-sheet.tsx";
import { ImportDialog } from "./frame/import-dialog.tsx";
import { Palette } from "./frame/palette.tsx";
import { PlaceDialog } from "./frame/place-dialog.tsx";
import { Rail } from "./frame/rail.tsx";
import { RecipeDialog } from "./frame/recipe-dialog.tsx";
import { TitleBar } from "./frame/title-bar.tsx";
import { useKeys } from "./frame/use-keys.ts";
import { useAction } from "./hooks/use-action.ts";
import { useFocusReturn } from "./hooks/use-focus-return.ts";
import { adapters, app, commands, compute, datasets, go, importSample, refreshRuns, route, shell } from "./host.ts";
import { sortDrop } from "./stores/dropped.ts";
import { text } from "./text.ts";
import { dialog, offerImport, openDialog } from "./ui.ts";
import { findView, views } from "./views/index.ts";
import type { View } from "./views/view.ts";

const COMPUTE_EVERY = 2000;

/** Asks for the one computing run, so that the rail and the lists know; a hidden page asks too, but seldom matters. */
function usePolling() {
  useEffect(() => {
    let before: string | undefined;
    let isAsking = false; // one question at a time, or a newer one would hide that an older has no answer
    const ask = async () => {
      if (isAsking) return;
      isAsking = true;
      await compute.refresh();
      isAsking = false;
      const { value } = compute.store.getState();
      const now = JSON.stringify([value && listRunning(value).map(({ runId }) => runId), value?.queue]);
      if (before !== undefined && now !== before) refreshRuns();
      before = now;
    };
    ask();
    app.refresh();
    adapters.refresh();
    datasets.refresh();
    refreshRuns();
    const timer = setInterval(ask, COMPUTE_EVERY);
    return () => clearInterval(timer);
  }, []);
}

export function App() {
  const here = useStore(route);
  const { open } = useStore(dialog);
  usePolling();
  useKeys();
  useFocusReturn();
  useEffect(() => {
    if (here.segments.length === 0) go(["datasets"]);
  }, [here]);
  useEffect(() => shell?.onAction((id) => void commands.getState().run(id)), []);

  useAction("palette", () => openDialog({ kind: "palette" }));
  useAction("help", () => openDialog({ kind: "help" }));
  useAction("copy-diagnostics", () => go(["settings"], { copy: String(Date.now()) }));
  useAction("open-recipe", () => openDialog({ kind: "recipe" }));
  useAction("import-folder", async () => {
    const source = await shell?.chooseFolder();
    if (source !== undefined || !shell) offerImport({ sources: source === undefined ? [] : [source], refused: [] });
  });
  useAction("import-zip", async () => {
    const source = await shell?.chooseZip();
    if (source !== undefined || !shell) offerImport({ sources: source === undefined ? [] : [source], refused: [] });
  });

  useAction("import-sample", importSample, useStore(app.store).value?.hasSample ?? false);

  const drop = useCallback((transfer: DataTransfer) => {
    const items = itemsOfDrop(transfer, shell?.pathOf);
    const [file] = transfer.files;
    if (transfer.files.length === 1 && /\.json$/i.test(file.name)) openDialog({ kind: "recipe", file });
    else if (items.length > 0) sortDrop(items).then(offerImport);
  }, []);

  const view = findView(here.segments);
  return (
    <div className={styles.window}>
      <button type="button" className={styles.skip} onClick={() => document.getElementById("content")?.focus()}>
        {text.skipToContent}
      </button>
      {views.map((each) => each.shortcut && <ViewAction key={each.id} view={each} />)}
      <Rail />
      <div className={styles.main}>
        <TitleBar />
        <main className={styles.view} id="content" tabIndex={-1}>
          {view ? (
            <ErrorBoundary key={here.segments.join("/")}>
              <view.Component route={here} />
            </ErrorBoundary>
          ) : (
            here.segments.length > 0 && (
              <EmptyState icon={IconError404} title={text.notFound.title} message={text.notFound.message} />
            )
          )}
        </main>
      </div>
      {open?.kind === "palette" && <Palette />}
      {open?.kind === "help" && <HelpSheet />}
      {open?.kind === "recipe" && <RecipeDialog file={open.file} />}
      {open?.kind === "place" && <PlaceDialog {...open} />}
      {open?.kind === "import" && <ImportDialog sources={open.sources} refused={open.refused} />}
      <DropTarget onDrop={drop} />
    </div>
  );
}

function ViewAction({ view }: { readonly view: View }) {
  useAction(view.shortcut ?? actions[0].id, () => go(view.path.split("/")));
  return null;
}
