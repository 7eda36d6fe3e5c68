// A recipe from a file or pasted, which becomes the settings of a new run.
import { Button, FileButton, Modal, Textarea } from "@mantine/core";
import { useEffect, useState } from "react";
import { ErrorPanel } from "../components/error-panel.tsx";
import { go, recipes } from "../host.ts";
import { parseRecipeText } from "../stores/recipe-file.ts";
import { recipeOf } from "../stores/start-from.ts";
import { text } from "../text.ts";
import { closeDialog, recipeDraft } from "../ui.ts";
import styles from "./recipe-dialog.module.css";

export function RecipeDialog({ file }: { readonly file: File | undefined }) {
  const [typed, setTyped] = useState("");
  const [error, setError] = useState<unknown>();
  const read = async (chosen: File | null) => {
    if (!chosen) return;
    setError(undefined);
    setTyped(await chosen.text().catch(() => ""));
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: a dropped file is read once.
  useEffect(() => void read(file ?? null), [file]);

  const open = () => {
    try {
      const outside = parseRecipeText(typed);
      const list = recipes.store.getState().value;
      if (list && recipeOf(list, outside.method) === undefined) {
        const known = list.methods.map(({ id }) => id).join(", ");
        setError({ message: text.recipeFile.unknownMethod(outside.method, known) });
        return;
      }
      recipeDraft.setState({ outside });
      closeDialog();
      go(["new-run"], { from: "file", at: String(Date.now()) });
    } catch (failure) {
      setError(failure);
    }
  };

  return (
    <Modal
      opened
      onClose={closeDialog}
      title={text.recipeFile.title}
      size={560}
      closeButtonProps={{ "aria-label": text.close }}
    >
      <div className={styles.body}>
        <p className={styles.hint}>{text.recipeFile.hint}</p>
        <Textarea
          data-autofocus
          aria-label={text.recipeFile.label}
          placeholder={text.recipeFile.placeholder}
          value={typed}
          rows={12}
          spellCheck={false}
          classNames={{ input: styles.text }}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setError(undefined);
          }}
        />
        {error !== undefined && <ErrorPanel error={error} />}
        <div className={styles.actions}>
          <FileButton accept="application/json,.json" onChange={read}>
            {(props) => (
              <Button variant="default" {...props}>
                {text.recipeFile.choose}
              </Button>
            )}
          </FileButton>
          <Button className={styles.open} disabled={typed.trim() === ""} onClick={open}>
            {text.recipeFile.open}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
