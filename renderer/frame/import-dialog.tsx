// What to import and how, before anything is stored.
import { Button, Modal, NumberInput, Select, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { go, imports, shell } from "../host.ts";
import { text } from "../text.ts";
import { closeDialog } from "../ui.ts";
import styles from "./import-dialog.module.css";

interface ImportDialogProps {
  readonly path: string;
  /** What was dropped where the browser hides its path. */
  readonly lostName: string | undefined;
}

type Fit = keyof typeof text.importing.fits;
type Colour = keyof typeof text.importing.colours;

const toData = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels).map(([value, label]) => ({ value, label }));

export function ImportDialog({ path: given, lostName }: ImportDialogProps) {
  const [path, setPath] = useState(given);
  const [name, setName] = useState("");
  const [size, setSize] = useState<number | string>("");
  const [fit, setFit] = useState<Fit>("crop");
  const [colour, setColour] = useState<Colour>("auto");

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (path.trim() === "") return;
    imports.add(path.trim(), {
      fit,
      ...(name.trim() && { name: name.trim() }),
      ...(typeof size === "number" && { size }),
      ...(colour !== "auto" && { colour }),
    });
    closeDialog();
    go(["datasets"]);
  };
  const choose = async () => {
    const chosen = await shell?.chooseFolder();
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
        {lostName && <p className={styles.note}>{text.importing.noPath(lostName)}</p>}
        <div className={styles.path}>
          <TextInput
            label={text.importing.path}
            description={text.importing.pathHint}
            value={path}
            onChange={(event) => setPath(event.currentTarget.value)}
            data-autofocus={given === "" || undefined}
            required
            spellCheck={false}
            className={styles.grow}
          />
          {shell && (
            <Button variant="default" onClick={choose}>
              {text.importing.choose}
            </Button>
          )}
        </div>
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
          <Button type="submit" disabled={path.trim() === ""} data-autofocus={given !== "" || undefined}>
            {text.importing.start}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
