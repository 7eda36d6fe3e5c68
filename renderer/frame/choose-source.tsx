// The first step of an import: a folder, a zip or IDX files, dropped, chosen or by a path.
import { Button, TextInput } from "@mantine/core";
import { IconFileZip, IconFolder } from "@tabler/icons-react";
import { type FormEvent, useRef, useState } from "react";
import { useStore } from "zustand";
import { itemsOfPickedFiles, itemsOfPickedFolder } from "../components/file-sources.ts";
import { app, importSample, shell } from "../host.ts";
import { cleanPath, type Drop, sortDrop } from "../stores/dropped.ts";
import { text } from "../text.ts";
import { closeDialog } from "../ui.ts";
import styles from "./choose-source.module.css";
import dialogStyles from "./import-dialog.module.css";

export function ChooseSource({ onChoose }: { readonly onChoose: (drop: Drop) => void }) {
  const [path, setPath] = useState("");
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const hasSample = useStore(app.store).value?.hasSample ?? false;
  const wanted = cleanPath(path);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wanted) onChoose({ sources: [wanted], refused: [] });
  };
  const choose = async (ask: (() => Promise<string | undefined>) | undefined, input: HTMLInputElement | null) => {
    if (!ask) return input?.click();
    const chosen = await ask();
    if (chosen !== undefined) onChoose({ sources: [chosen], refused: [] });
  };

  return (
    <div className={styles.all}>
      <p>{text.importing.intro}</p>
      <div className={styles.pickers}>
        <Button
          variant="default"
          size="sm"
          leftSection={<IconFolder size={16} />}
          onClick={() => choose(shell?.chooseFolder, folder.current)}
          data-autofocus
        >
          {text.importing.chooseFolder}
        </Button>
        <Button
          variant="default"
          size="sm"
          leftSection={<IconFileZip size={16} />}
          onClick={() => choose(shell?.chooseZip, files.current)}
        >
          {text.importing.chooseFiles}
        </Button>
        <input
          ref={(element) => {
            folder.current = element;
            element?.setAttribute("webkitdirectory", ""); // which React does not know
          }}
          type="file"
          hidden
          aria-label={text.importing.chooseFolder}
          onChange={(event) => sortDrop(itemsOfPickedFolder([...(event.currentTarget.files ?? [])])).then(onChoose)}
        />
        <input
          ref={files}
          type="file"
          hidden
          multiple
          aria-label={text.importing.chooseFiles}
          onChange={(event) => sortDrop(itemsOfPickedFiles([...(event.currentTarget.files ?? [])])).then(onChoose)}
        />
      </div>
      {!shell && <p className={dialogStyles.quiet}>{text.importing.isSent}</p>}
      <form className={styles.path} onSubmit={submit}>
        <TextInput
          label={text.importing.path}
          description={text.importing.pathHint}
          placeholder={text.importing.pathExample}
          value={path}
          onChange={(event) => setPath(event.currentTarget.value)}
          spellCheck={false}
          className={styles.grow}
        />
        <Button type="submit" disabled={wanted === ""}>
          {text.importing.look}
        </Button>
      </form>
      {hasSample && (
        <p className={dialogStyles.quiet}>
          {text.importing.nothingAtHand}{" "}
          <Button
            variant="subtle"
            size="compact-xs"
            onClick={() => {
              closeDialog();
              importSample();
            }}
          >
            {text.importing.sample}
          </Button>
        </p>
      )}
    </div>
  );
}
