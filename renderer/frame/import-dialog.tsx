// What to import and how, before anything is stored: choose it, see what is in it, decide, import.
import { Modal } from "@mantine/core";
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { ErrorPanel } from "../components/error-panel.tsx";
import { client, startImport } from "../host.ts";
import type { Drop, Refusal } from "../stores/dropped.ts";
import { createDraft, type Draft, type ImportSource } from "../stores/import-draft.ts";
import { text } from "../text.ts";
import { closeDialog, openDialog } from "../ui.ts";
import { ChooseSource } from "./choose-source.tsx";
import { DraftProgress } from "./draft-progress.tsx";
import styles from "./import-dialog.module.css";
import { SurveyForm } from "./survey-form.tsx";

export function ImportDialog({ sources, refused }: Drop) {
  const [source] = sources;
  const next = () => {
    if (sources.length > 1) openDialog({ kind: "import", sources: sources.slice(1), refused: [] });
    else closeDialog();
  };
  return (
    <Modal
      opened
      onClose={next}
      title={text.importing.title}
      size={source === undefined ? 560 : 820}
      // A long transfer is not given up by a click beside it.
      closeOnClickOutside={source === undefined}
      closeButtonProps={{ "aria-label": text.close }}
    >
      <div className={styles.body}>
        {sources.length > 1 && <p className={styles.quiet}>{text.importing.further(sources.length - 1)}</p>}
        {refused.length > 0 && <Refused refused={refused} isAll={sources.length === 0} />}
        {source === undefined ? (
          <ChooseSource onChoose={(drop) => openDialog({ kind: "import", ...drop })} />
        ) : (
          <DraftView key={keyOf(source)} source={source} onClose={next} />
        )}
      </div>
    </Modal>
  );
}

const keys = new WeakMap<object, string>();
let nextKey = 0;

/** Two sources of the same name are two. */
function keyOf(source: ImportSource): string {
  if (typeof source === "string") return source;
  const key = keys.get(source) ?? String(nextKey++);
  keys.set(source, key);
  return key;
}

function Refused({ refused, isAll }: { readonly refused: readonly Refusal[]; readonly isAll: boolean }) {
  const message = refused.map(({ name, reason }) => text.importing.refused[reason](name)).join("\n");
  return <ErrorPanel isNotice={!isAll} error={{ message, hint: text.importing.whatIsOne }} />;
}

interface DraftViewProps {
  readonly source: ImportSource;
  readonly onClose: () => void;
}

function DraftView({ source, onClose }: DraftViewProps) {
  const [draft, setDraft] = useState<Draft>();
  useEffect(() => {
    const begun = createDraft(client, source);
    setDraft(begun);
    const leave = (event: PageTransitionEvent) => {
      if (!event.persisted) begun.dispose({ keepalive: true });
    };
    addEventListener("pagehide", leave);
    return () => {
      removeEventListener("pagehide", leave);
      begun.dispose();
    };
  }, [source]);
  return draft ? <DraftPhase draft={draft} onClose={onClose} /> : <div className={styles.stage} />;
}

function DraftPhase({ draft, onClose }: { readonly draft: Draft; readonly onClose: () => void }) {
  const state = useStore(draft.store);
  if (state.phase === "ready") {
    return (
      <SurveyForm
        survey={state.survey}
        onCancel={onClose}
        onImport={(options) => {
          startImport(draft.take(), options);
          onClose();
        }}
      />
    );
  }
  return <DraftProgress name={draft.name} state={state} onCancel={onClose} />;
}
