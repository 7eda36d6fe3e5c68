// What to import and how, before anything is stored.
import { Button, Modal, NumberInput, Select, TextInput } from "@mantine/core";
import { type FormEvent, useRef, useState } from "react";
import { sourceOfPicked } from "../components/file-sources.ts";
import { datasets, go, imports, shell } from "../host.ts";
import type { ImportSource } from "../stores/imports.ts";
import { text } from "../text.ts";
import { closeDialog } from "../ui.ts";
import styles from "./import-dialog.module.css";

interface ImportDialogProps {
  /** What was dropped or chosen; undefined asks for it. */
  readonly source: ImportSource | undefined;
}

type Fit = keyof typeof text.importing.fits;
type Colour = keyof typeof text.importing.colours;

const toData = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels).map(([value, label]) => ({ value, label }));

export function ImportDialog({ source: given }: ImportDialogProps) {
  const [path, setPath] = useState(typeof given === "string" ? given : "");
  const [upload, setUpload] = useState(typeof given === "string" ? undefined : given);
  const picker = useRef<HTMLInputElement>(null);
  const isReady = upload !== undefined || path.trim() !== "";
  const [name, setName] = useState("");
  const [size, setSize] = useState<number | string>("");
  const [fit, setFit] = useState<Fit>("crop");
  const [colour, setColour] = useState<Colour>("auto");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isReady) return;
    const done = imports.add(upload ?? path.trim(), {
      fit,
      ...(name.trim() && { name: name.trim() }),
      ...(typeof size === "number" && { size }),
      ...(colour !== "auto" && { colour }),
    });
    done.then(() => datasets.refresh());
    closeDialog();
    go(["datasets"]);
  };
  const choose = async () => {
    if (!shell) return picker.current?.click();
    const chosen = await shell.chooseFolder();
    if (chosen) setPath(chosen);
  };

  return (
    <Modal
      opened
      onClose={closeDialog}
      title={text.importing.title}
      size={480}
      closeButtonProps={{ "aria-label": text.close }}
    >
      <form className={styles.form} onSubmit={submit}>
        {upload ? (
          <p>{text.importing.sends(upload.name)}</p>
        ) : (
          <div className={styles.path}>
            <TextInput
              label={text.importing.path}
              description={text.importing.pathHint}
              value={path}
              onChange={(event) => setPath(event.currentTarget.value)}
              data-autofocus={given === undefined || undefined}
              required
              spellCheck={false}
              className={styles.grow}
            />
            <Button variant="default" onClick={choose} title={shell ? undefined : text.importing.orPick}>
              {text.importing.choose}
            </Button>
            <input
              ref={(element) => {
                picker.current = element;
                element?.setAttribute("webkitdirectory", ""); // which React does not know
              }}
              type="file"
              hidden
              aria-label={text.importing.orPick}
              onChange={(event) => setUpload(sourceOfPicked([...(event.currentTarget.files ?? [])]))}
            />
          </div>
        )}
        <div className={styles.two}>
          <TextInput
            label={text.importing.name}
            description={text.importing.nameHint}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={200}
          />
          <NumberInput
            label={text.importing.size}
            description={text.importing.sizeHint}
            value={size}
            onChange={setSize}
            min={4}
            max={1024}
            allowDecimal={false}
          />
          <Select
            label={text.importing.fit}
            data={toData(text.importing.fits)}
            value={fit}
            onChange={(value) => setFit((value ?? "crop") as Fit)}
            allowDeselect={false}
          />
          <Select
            label={text.importing.colour}
            data={toData(text.importing.colours)}
            value={colour}
            onChange={(value) => setColour((value ?? "auto") as Colour)}
            allowDeselect={false}
          />
        </div>
        <div className={styles.actions}>
          <Button variant="default" onClick={closeDialog}>
            {text.cancel}
          </Button>
          <Button type="submit" disabled={!isReady} data-autofocus={given !== undefined || undefined}>
            {text.importing.start}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
