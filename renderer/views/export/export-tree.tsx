// The folder of an export as a tree with sizes; long folders show their beginning.
import { IconFile, IconFolder } from "@tabler/icons-react";
import type { ExportTree } from "../../../shared/api/runs.ts";
import { formatBytes } from "../../stores/format.ts";
import { text } from "../../text.ts";
import styles from "./export.module.css";

const MAX_CHILDREN = 12;

interface ExportTreeViewProps {
  readonly tree: ExportTree;
  readonly openLevels: number;
}

export function ExportTreeView({ tree, openLevels }: ExportTreeViewProps) {
  const size = (
    <span className={styles.size}>
      {tree.isExact ? formatBytes(tree.bytes) : text.export.atMost(formatBytes(tree.bytes))}
    </span>
  );
  if (!tree.children) {
    return (
      <div className={styles.file}>
        <IconFile size={14} aria-hidden />
        <span className={styles.fileName}>{tree.name}</span>
        {size}
      </div>
    );
  }
  const shown = tree.children.slice(0, MAX_CHILDREN);
  return (
    <details open={openLevels > 0} className={styles.folder}>
      <summary>
        <IconFolder size={14} aria-hidden />
        <span className={styles.fileName} title={tree.name}>
          {tree.name}
        </span>
        {size}
      </summary>
      <div className={styles.children}>
        {shown.map((child) => (
          <ExportTreeView key={child.name} tree={child} openLevels={openLevels - 1} />
        ))}
        {tree.children.length > shown.length && (
          <p className={styles.quiet}>{text.datasets.more(tree.children.length - shown.length)}</p>
        )}
      </div>
    </details>
  );
}
