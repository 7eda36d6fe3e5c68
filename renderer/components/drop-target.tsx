// The whole window as one calm target while something is dragged over it.
import { IconFolderDown } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { text } from "../text.ts";
import styles from "./drop-target.module.css";

interface DropTargetProps {
  /** Called while the event lasts. */
  readonly onDrop: (transfer: DataTransfer) => void;
}

export function DropTarget({ onDrop }: DropTargetProps) {
  const [isOver, setOver] = useState(false);
  const depth = useRef(0); // a drag enters and leaves every element on its way
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const enter = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth.current++;
      setOver(true);
    };
    const leave = () => {
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current === 0) setOver(false);
    };
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    };
    const drop = (event: DragEvent) => {
      if (!event.dataTransfer || !hasFiles(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      onDrop(event.dataTransfer);
    };
    addEventListener("dragenter", enter);
    addEventListener("dragleave", leave);
    addEventListener("dragover", over);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragenter", enter);
      removeEventListener("dragleave", leave);
      removeEventListener("dragover", over);
      removeEventListener("drop", drop);
    };
  }, [onDrop]);
  if (!isOver) return null;
  return (
    <div className={styles.target} role="status">
      <div className={styles.words}>
        <IconFolderDown size={40} stroke={1.25} aria-hidden />
        <p className={styles.title}>{text.drop.title}</p>
        <p>{text.drop.message}</p>
      </div>
    </div>
  );
}
