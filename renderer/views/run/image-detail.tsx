// One synthetic image, enlarged, and how it came to be.
import { Modal } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { PlacedImage } from "../../components/light-table.tsx";
import { useBitmap } from "../../components/use-bitmap.ts";
import { client } from "../../host.ts";
import { formatCount } from "../../stores/format.ts";
import { sheetOf, sourceOf } from "../../stores/light-table.ts";
import type { Mark } from "../../stores/run-state.ts";
import { text } from "../../text.ts";
import styles from "./image-detail.module.css";

const STRIP = 12;
const LARGE = 256;
const SMALL = 64;

interface ImageDetailProps {
  readonly runId: string;
  readonly image: PlacedImage;
  readonly name: string;
  readonly classes: number;
  readonly ipc: number;
  readonly previews: readonly Mark[];
  readonly shown: Mark;
  readonly onStep: (step: number) => void;
  readonly onClose: () => void;
}

export function ImageDetail(props: ImageDetailProps) {
  const { name, image, previews, shown, onStep, onClose } = props;
  const rows = Math.min(STRIP, previews.length);
  const strip = Array.from(
    { length: rows },
    (_, i) => previews[Math.round((i * (previews.length - 1)) / Math.max(1, rows - 1))],
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={text.run.imageTitle(name, image.index)}
      size={640}
      closeButtonProps={{ "aria-label": text.close }}
    >
      <div className={styles.body}>
        <div className={styles.large}>
          <Cell {...props} mark={shown} side={LARGE} label={text.run.atStep(formatCount(shown.step))} />
        </div>
        <h3 className={styles.title}>{text.run.throughTime}</h3>
        <div className={styles.strip}>
          {strip.map((mark) => (
            <button
              key={mark.seq}
              type="button"
              className={styles.frame}
              aria-pressed={mark.step === shown.step}
              onClick={() => onStep(mark.step)}
            >
              <Cell {...props} mark={mark} side={SMALL} label={text.run.atStep(formatCount(mark.step))} />
              <span>{formatCount(mark.step)}</span>
            </button>
          ))}
        </div>
      </div>
    </Modal>
  );
}

interface CellProps extends ImageDetailProps {
  readonly mark: Mark;
  readonly side: number;
  readonly label: string;
}

function Cell({ runId, image, classes, ipc, mark, side, label }: CellProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const picture = useBitmap(client.runs.previewUrl(runId, mark.file));
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!picture || !context || !canvas.current) return;
    const sheet = sheetOf(picture.bitmap, classes, ipc);
    const { x, y } = sourceOf(sheet, image.classIndex, image.index);
    canvas.current.width = sheet.width;
    canvas.current.height = sheet.height;
    context.drawImage(picture.bitmap, x, y, sheet.width, sheet.height, 0, 0, sheet.width, sheet.height);
  }, [picture, classes, ipc, image]);
  const own = picture && sheetOf(picture.bitmap, classes, ipc).width;
  const zoom = own ? Math.max(1, Math.floor(side / own)) : 1;
  const size = own ? own * zoom : side;
  return (
    <canvas
      ref={canvas}
      role="img"
      aria-label={label}
      className={styles.canvas}
      style={{ width: size, height: size }}
    />
  );
}
