// The light table of a run at the step of its cursor, as people see the images or as networks do.
import { ActionIcon, Button, SegmentedControl, Tooltip } from "@mantine/core";
import { IconMinus, IconPlus } from "@tabler/icons-react";
import { memo, useCallback, useState } from "react";
import { useStore } from "zustand";
import { LightTable, type PlacedImage } from "../../components/light-table.tsx";
import { Panel } from "../../components/panel.tsx";
import { useAction } from "../../hooks/use-action.ts";
import { client } from "../../host.ts";
import { type CursorStore, previewAt, shownStep } from "../../stores/cursor.ts";
import { formatCount } from "../../stores/format.ts";
import { keptAt } from "../../stores/kept-steps.ts";
import { MAX_ZOOM, nextZoom } from "../../stores/light-table.ts";
import type { Mark } from "../../stores/run-state.ts";
import { text } from "../../text.ts";
import { ImageDetail } from "./image-detail.tsx";
import styles from "./run.module.css";
import { useKeptSteps } from "./use-kept-steps.ts";
import { describeRange, useImageValues, useLevels } from "./use-values.ts";

interface ImagesPanelProps {
  readonly id: string;
  readonly datasetId: string | undefined;
  readonly classNames: readonly string[];
  readonly ipc: number;
  readonly previews: readonly Mark[];
  /** Changes when other exact values may be kept. */
  readonly news: string;
  readonly cursor: CursorStore;
  readonly last: number;
}

export const ImagesPanel = memo(function ImagesPanel(props: ImagesPanelProps) {
  const { id, datasetId, classNames, ipc, previews, news, cursor, last } = props;
  const step = shownStep(useStore(cursor), last);
  const [view, setView] = useState<"viewable" | "trained">("viewable");
  const [zoom, setZoom] = useState<number | "fit">("fit");
  const [fitted, setFitted] = useState(4);
  const [hovered, setHovered] = useState<PlacedImage>();
  const [opened, setOpened] = useState<PlacedImage>();
  const hover = useCallback((image: PlacedImage | undefined) => setHovered(image), []);
  const kept = useKeptSteps(id, news);
  const preview = previewAt(previews, step);
  const trainedStep = keptAt(kept, step);
  const isTrained = view === "trained" && trainedStep !== undefined;
  const step8 = preview?.step;
  /** The step whose images are on the table, and its exact values where they are kept. */
  const tableStep = isTrained ? trainedStep : step8;
  const exactStep = tableStep !== undefined && kept.includes(tableStep) ? tableStep : undefined;
  const url = isTrained ? client.runs.trainedUrl(id, trainedStep) : preview && client.runs.previewUrl(id, preview.file);
  const values = useImageValues(id, exactStep);
  const levels = useLevels(exactStep === undefined ? url : undefined, hovered, classNames.length, ipc);
  useAction("zoom-images", () => setZoom(nextZoom(zoom, fitted)), previews.length > 0);

  const exact = hovered && values?.images[hovered.classIndex * ipc + hovered.index];
  const range = describeRange(exact, levels);
  const missing = trainedStep === undefined;
  const firstKept = kept.length > 0 ? formatCount(kept[0]) : undefined;
  return (
    <Panel
      title={text.run.images}
      fill
      flush
      tools={
        <>
          <span className={styles.hovered}>
            {hovered
              ? `${text.run.image(classNames[hovered.classIndex] ?? "", hovered.index, ipc)}${range && `: ${range}`}`
              : isTrained && values
                ? text.run.values(values.min, values.max)
                : text.run.nothingHovered(classNames.length, ipc)}
          </span>
          <span className={styles.tableStep}>
            {tableStep === undefined ? "" : text.run.atStep(formatCount(tableStep))}
          </span>
          <Tooltip
            label={
              missing
                ? text.run.trainedMissing(firstKept)
                : isTrained
                  ? text.run.trainedHint(values?.space)
                  : text.run.viewableHint
            }
            multiline
            maw={280}
          >
            <SegmentedControl
              size="xs"
              aria-label={text.run.view}
              className={styles.views}
              data={[
                { value: "viewable", label: text.run.views.viewable },
                { value: "trained", label: text.run.views.trained, disabled: missing },
              ]}
              value={isTrained ? "trained" : "viewable"}
              onChange={(value) => setView(value === "trained" ? "trained" : "viewable")}
            />
          </Tooltip>
          <ZoomButtons zoom={zoom} fitted={fitted} onChange={setZoom} />
        </>
      }
    >
      <LightTable
        url={url}
        classNames={classNames}
        ipc={ipc}
        step={tableStep ?? 0}
        zoom={zoom}
        onHover={hover}
        onChoose={setOpened}
        onZoom={setFitted}
      />
      {opened && url !== undefined && tableStep !== undefined && (
        <ImageDetail
          runId={id}
          datasetId={datasetId}
          image={opened}
          classNames={classNames}
          ipc={ipc}
          previews={previews}
          step={tableStep}
          url={url}
          values={values}
          onChoose={setOpened}
          onStep={cursor.getState().pin}
          onClose={() => setOpened(undefined)}
        />
      )}
    </Panel>
  );
});

interface ZoomButtonsProps {
  readonly zoom: number | "fit";
  readonly fitted: number;
  readonly onChange: (zoom: number | "fit") => void;
}

function ZoomButtons({ zoom, fitted, onChange }: ZoomButtonsProps) {
  const by = (change: number) => onChange(Math.max(1, Math.min(MAX_ZOOM, (zoom === "fit" ? fitted : zoom) + change)));
  return (
    <span className={styles.zoom}>
      <Tooltip label={text.run.zoomOut}>
        <ActionIcon size={24} aria-label={text.run.zoomOut} onClick={() => by(-1)}>
          <IconMinus size={14} />
        </ActionIcon>
      </Tooltip>
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        w={44}
        px={0}
        aria-label={`${text.run.zoom}: ${zoom === "fit" ? text.run.fit : zoom}`}
        onClick={() => onChange("fit")}
      >
        {zoom === "fit" ? text.run.fit : `${zoom} ×`}
      </Button>
      <Tooltip label={text.run.zoomIn}>
        <ActionIcon size={24} aria-label={text.run.zoomIn} onClick={() => by(1)}>
          <IconPlus size={14} />
        </ActionIcon>
      </Tooltip>
    </span>
  );
}
