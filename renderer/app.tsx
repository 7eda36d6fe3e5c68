// The window: rail, title bar, the view that the address names, and what lies over them.

import { IconError404 } from "@tabler/icons-react";
import { useCallback, useEffect } from "react";
import { useStore } from "zustand";
import { actions } from "../shared/api/actions.ts";
import styles from "./app.module.css";
import { type DroppedItem, DropTarget } from "./components/drop-target.tsx";
import { EmptyState } from "./components/empty-state.tsx";
import { ErrorBoundary } from "./components/error-boundary.tsx";
import { sourceOfEntry } from "./components/file-sources.ts";
import { HelpSheet } from "./frame/help-sheet.tsx";
import { ImportDialog } from "./frame/import-dialog.tsx";
import { Palette } from "./frame/palette.tsx";
import { PlaceDialog } from "./frame/place-dialog.tsx";
import { Rail } from "./frame/rail.tsx";
import { TitleBar } from "./frame/title-bar.tsx";
import { useKeys } from "./frame/use-keys.ts";
import { useAction } from "./hooks/use-action.ts";
import { useFocusReturn } from "./hooks/use-focus-return.ts";
import { adapters, app, commands, compute, datasets, go, refreshRuns, route, shell } from "./host.ts";
import { text } from "./text.ts";
import { dialog, openDialog } from "./ui.ts";
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
      const now = JSON.stringify([value?.running?.runId, value?.queue]);
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
  // Recipes have no view of their own yet: they are the second step of a new run.
  useAction("recipes", () => go(["new-run"]));
  useAction("import-folder", async () => {
    const source = await shell?.chooseFolder();
    if (source !== undefined || !shell) openDialog({ kind: "import", source });
  });
  useAction("import-zip", async () => {
    const source = await shell?.chooseZip();
    if (source !== undefined || !shell) openDialog({ kind: "import", source });
  });

  const drop = useCallback((items: DroppedItem[]) => {
    const [first] = items;
    if (!first) return;
    const path = first.file && shell ? shell.pathOf(first.file) : "";
    openDialog({ kind: "import", source: path || (first.entry && sourceOfEntry(first.entry)) });
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
      {open?.kind === "import" && <ImportDialog source={open.source} />}
      {open?.kind === "place" && <PlaceDialog {...open} />}
      <DropTarget onDrop={drop} />
    </div>
  );
}

function ViewAction({ view }: { readonly view: View }) {
  useAction(view.shortcut ?? actions[0].id, () => go(view.path.split("/")));
  return null;
}
