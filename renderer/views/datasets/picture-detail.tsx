// One picture as it is stored, enlarged by whole pixels, with where it stands and where it came from.
import { ActionIcon, Modal } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { client } from "../../host.ts";
import { type Dataset, locateImage } from "../../stores/dataset.ts";
import { formatCount } from "../../stores/format.ts";
import type { GridMove } from "../../stores/picture-grid.ts";
import { toRgba } from "../../stores/to-rgba.ts";
import { text } from "../../text.ts";
import styles from "./picture-detail.module.css";

const SIDE = 448;

interface PictureDetailProps {
  readonly dataset: Dataset;
  readonly split: "train" | "test";
  readonly index: number;
  readonly onMove: (move: GridMove) => void;
  readonly onClose: () => void;
}

const moves: Readonly<Record<string, GridMove>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

export function PictureDetail({ dataset, split, index, onMove, onClose }: PictureDetailProps) {
  const { id, width, height, channels } = dataset;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [file, setFile] = useState<string>();
  const [error, setError] = useState<unknown>();
  const { className, place, of } = locateImage(dataset, split, index);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const read = async () => {
      const [pixels, names] = await Promise.all([
        client.datasets.images(id, split, index, index + 1, { signal }),
        client.datasets.fileNames(id, split, index, index + 1, { signal }).catch(() => []),
      ]);
      setError(undefined);
      setFile(names[0]);
      const image = new ImageData(toRgba(pixels, { width, height, channels }), width, height);
      canvas.current?.getContext("2d")?.putImageData(image, 0, 0);
    };
    read().catch((failure) => {
      if (!signal.aborted) setError(failure);
    });
    return () => controller.abort();
  }, [id, split, index, width, height, channels]);
  const zoom = Math.max(1, Math.floor(SIDE / Math.max(width, height)));
  const press = (event: KeyboardEvent) => {
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    onMove(move);
  };

  return (
    <Modal
      opened
      onClose={onClose}
      title={text.datasets.image(className, place)}
      size={560}
      closeButtonProps={{ "aria-label": text.close }}
      onKeyDown={press}
    >
      <div className={styles.body}>
        {error !== undefined && <ErrorPanel error={error} />}
        <div className={styles.ground} hidden={error !== undefined}>
          <ActionIcon aria-label={text.datasets.previous} onClick={() => onMove("left")} className={styles.arrow}>
            <IconChevronLeft size={20} />
          </ActionIcon>
          <canvas
            ref={canvas}
            width={width}
            height={height}
            className={styles.canvas}
            style={{ width: width * zoom, height: height * zoom }}
            role="img"
            aria-label={text.datasets.image(className, place)}
          />
          <ActionIcon
            aria-label={text.datasets.next}
            onClick={() => onMove("right")}
            className={styles.arrow}
            data-autofocus
          >
            <IconChevronRight size={20} />
          </ActionIcon>
        </div>
        <dl className={styles.facts}>
          <dt>{text.datasets.className}</dt>
          <dd>{className}</dd>
          <dt>{text.datasets.split}</dt>
          <dd>{text.datasets.splits[split]}</dd>
          <dt>{text.datasets.number}</dt>
          <dd>{text.datasets.numberOf(formatCount(place + 1), formatCount(of), formatCount(index))}</dd>
          <dt>{text.datasets.file}</dt>
          <dd>{file ?? (error === undefined ? "\u00a0" : "")}</dd>
        </dl>
      </div>
    </Modal>
  );
}
