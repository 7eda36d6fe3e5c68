// Where a run goes on whose own adapter is not here: never somewhere else in silence.
import { Button, Modal, Select } from "@mantine/core";
import { useState } from "react";
import { labelOf } from "../components/compute-on.tsx";
import styles from "../components/dialog.module.css";
import { places } from "../host.ts";
import { currentPlace } from "../stores/compute-places.ts";
import { text } from "../text.ts";
import { closeDialog, type Dialog } from "../ui.ts";

type PlaceDialogProps = Pick<Extract<Dialog, { kind: "place" }>, "record" | "places" | "settle">;

export function PlaceDialog({ record, places: offered, settle }: PlaceDialogProps) {
  const usual = currentPlace(places.store.getState());
  const [id, setId] = useState<string | null>(usual?.id ?? offered[0]?.id ?? null);
  const place = offered.find((each) => each.id === id);
  const answer = (chosen?: typeof place) => {
    closeDialog();
    settle(chosen);
  };
  return (
    <Modal
      opened
      onClose={() => answer()}
      title={text.places.elsewhere.title}
      size={440}
      closeButtonProps={{ "aria-label": text.close }}
    >
      <div className={styles.body}>
        <p>{text.places.elsewhere.message(record.name, record.adapter)}</p>
        <Select
          label={text.places.label}
          data={offered.map((each) => ({ value: each.id, label: labelOf(each) }))}
          value={id}
          onChange={setId}
          allowDeselect={false}
        />
        <div className={styles.actions}>
          <Button variant="default" onClick={() => answer()}>
            {text.cancel}
          </Button>
          <Button disabled={!place} onClick={() => answer(place)}>
            {text.places.elsewhere.action}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
