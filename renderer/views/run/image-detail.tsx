// One synthetic image, enlarged: what its values range over, how it came to be, and the real images nearest to it.
import { ActionIcon, Modal, Tooltip } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useRef } from "react";
import type { ImageValues } from "../../../shared/api/images.ts";
import type { PlacedImage } from "../../components/light-table.tsx";
import { useBitmap } from "../../components/use-bitmap.ts";
import { client } from "../../host.ts";
import { formatCount, formatFixed } from "../../stores/format.ts";
import { sheetOf, sourceOf } from "../../stores/light-table.ts";
import type { Mark } from "../../stores/run-state.ts";
import { text } from "../../text.ts";
import styles from "./image-detail.module.css";
import { NearestImages } from "./nearest-images.tsx";
import { useLevels } from "./use-values.ts";

const STRIP = 8;
const LARGE = 256;
const SMALL = 64;

interface ImageDetailProps {
  readonly runId: string;
  readonly datasetId: string | undefined;
  readonly image: PlacedImage;
  readonly classNames: readonly string[];
  readonly ipc: number;
  readonly previews: readonly Mark[];
  /** The step that is looked at, and the picture of all images at it. */
  readonly step: number;
  readonly url: string;
  /** Exact values, where the step keeps them. */
  readonly values: ImageValues | undefined;
  readonly onChoose: (image: PlacedImage) => void;
  readonly onStep: (step: number) => void;
  readonly onClose: () => void;
}

export function ImageDetail(props: ImageDetailProps) {
  const { runId, datasetId, image, classNames, ipc, previews, step, url, values, onChoose, onStep, onClose } = props;
  const classes = classNames.length;
  const at = image.classIndex * ipc + image.index;
  const exact = values?.images[at];
  const levels = useLevels(values ? undefined : url, image, classes, ipc);
  const range = exact ?? levels;
  const show = (value: number) => (exact ? formatFixed(value) : formatCount(value));
  const move = (by: number) => {
    const next = (at + by + classes * ipc) % (classes * ipc);
    onChoose({ classIndex: Math.floor(next / ipc), index: next % ipc });
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "ArrowRight") move(1);
    else if (event.key === "ArrowLeft") move(-1);
    else if (event.key === "ArrowDown") move(ipc);
    else if (event.key === "ArrowUp") move(-ipc);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const rows = Math.min(STRIP, previews.length);
  const strip = Array.from(
    { length: rows },
    (_, i) => previews[Math.round((i * (previews.length - 1)) / Math.max(1, rows - 1))],
  );
  return (
    <Modal
      opened
      onClose={onClose}
      onKeyDown={press}
      title={text.run.imageTitle(classNames[image.classIndex] ?? "", image.index, ipc)}
      size={760}
      closeButtonProps={{ "aria-label": text.close }}
    >
      <div className={styles.body}>
        <div className={styles.top}>
          <div className={styles.large}>
            <Cell {...props} source={url} side={LARGE} label={text.run.atStep(formatCount(step))} />
          </div>
          <div className={styles.facts}>
            <span className={styles.move}>
              <Tooltip label={text.run.previousImage}>
                <ActionIcon aria-label={text.run.previousImage} onClick={() => move(-1)}>
                  <IconChevronLeft size={16} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label={text.run.nextImage}>
                <ActionIcon aria-label={text.run.nextImage} onClick={() => move(1)}>
                  <IconChevronRight size={16} />
                </ActionIcon>
              </Tooltip>
            </span>
            <dl className={styles.list}>
              <dt>{text.run.facts.class}</dt>
              <dd>{classNames[image.classIndex]}</dd>
              <dt>{text.run.facts.step}</dt>
              <dd>{formatCount(step)}</dd>
              <dt>{text.run.facts.min}</dt>
              <dd>{range && show(range.min)}</dd>
              <dt>{text.run.facts.max}</dt>
              <dd>{range && show(range.max)}</dd>
              <dt>{text.run.facts.mean}</dt>
              <dd>{range && show(range.mean)}</dd>
            </dl>
            <p className={styles.quiet}>
              {values && exact ? text.run.exactValues(values.space) : text.run.pictureValues}
            </p>
          </div>
        </div>
        <h3 className={styles.title}>{text.run.throughTime}</h3>
        <div className={styles.strip}>
          {strip.map((mark) => (
            <button
              key={mark.seq}
              type="button"
              className={styles.frame}
              aria-pressed={mark.step === step}
              onClick={() => onStep(mark.step)}
            >
              <Cell
                {...props}
                source={client.runs.previewUrl(runId, mark.file)}
                side={SMALL}
                label={text.run.atStep(formatCount(mark.step))}
              />
              <span aria-hidden>{formatCount(mark.step)}</span>
            </button>
          ))}
        </div>
        <NearestImages runId={runId} datasetId={datasetId} step={step} image={at} />
      </div>
    </Modal>
  );
}

interface CellProps extends ImageDetailProps {
  /** The picture that the image is cut from. */
  readonly source: string;
  readonly side: number;
  readonly label: string;
}

function Cell({ image, classNames, ipc, source, side, label }: CellProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const picture = useBitmap(source);
  const classes = classNames.length;
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
