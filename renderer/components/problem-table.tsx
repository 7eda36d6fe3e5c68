// Files that were left out or noted: grouped by reason, each group folding out to the names, searched and copied.
import { Button, TextInput, UnstyledButton } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconChevronDown, IconChevronRight, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { formatCount } from "../stores/format.ts";
import { groupProblems, type Problem, type ProblemGroup, toTable } from "../stores/problems.ts";
import { text } from "../text.ts";
import styles from "./problem-table.module.css";

/** As many names at a time as a page shows without a pause. */
const PORTION = 500;
/** Few files need no search. */
const SEARCHED_FROM = 8;

export function ProblemTable({ problems, label }: { readonly problems: readonly Problem[]; readonly label: string }) {
  const [query, setQuery] = useState("");
  const clipboard = useClipboard({ timeout: 2000 });
  const groups = groupProblems(problems, query);
  const found = groups.flatMap((group) => group.problems);
  return (
    <div className={styles.all}>
      <div className={styles.bar}>
        {problems.length >= SEARCHED_FROM && (
          <TextInput
            className={styles.search}
            leftSection={<IconSearch size={14} aria-hidden />}
            placeholder={text.problems.search}
            aria-label={text.problems.search}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
          />
        )}
        <span className={styles.found}>{query && text.problems.found(found.length, problems.length)}</span>
        <Button variant="subtle" color="gray" size="compact-xs" onClick={() => clipboard.copy(toTable(found))}>
          {clipboard.copied ? text.copied : text.problems.copy}
        </Button>
      </div>
      <table className={`small-table ${styles.table}`} aria-label={label}>
        <thead className={styles.names}>
          <tr>
            <th scope="col">{text.problems.reason}</th>
            <th scope="col" data-number>
              {text.problems.files}
            </th>
          </tr>
        </thead>
        {groups.map((group) => (
          // A single reason, and what was searched for, need no second click.
          <Group key={group.reason} group={group} isOpenAtFirst={groups.length === 1 || query !== ""} />
        ))}
      </table>
      {groups.length === 0 && <p className={styles.none}>{text.problems.none}</p>}
    </div>
  );
}

function Group({ group: { reason, problems }, isOpenAtFirst }: { group: ProblemGroup; isOpenAtFirst: boolean }) {
  const [isOpen, setOpen] = useState<boolean>();
  const [shown, setShown] = useState(PORTION);
  const opened = isOpen ?? isOpenAtFirst;
  const Arrow = opened ? IconChevronDown : IconChevronRight;
  return (
    <tbody>
      <tr className={styles.group}>
        <th scope="rowgroup">
          <UnstyledButton className={styles.toggle} aria-expanded={opened} onClick={() => setOpen(!opened)}>
            <Arrow size={14} aria-hidden />
            <span>{reason}</span>
          </UnstyledButton>
        </th>
        <td data-number>{formatCount(problems.length)}</td>
      </tr>
      {opened &&
        problems.slice(0, shown).map((problem) => (
          <tr key={`${problem.path}\n${problem.reason}`} className={styles.file}>
            <td colSpan={2}>
              <span className={styles.path}>{problem.path}</span>
              {problem.reason !== reason && <span className={styles.detail}>{problem.reason}</span>}
            </td>
          </tr>
        ))}
      {opened && problems.length > shown && (
        <tr className={styles.file}>
          <td colSpan={2}>
            <Button variant="subtle" size="compact-xs" onClick={() => setShown(shown + PORTION)}>
              {text.problems.more(Math.min(PORTION, problems.length - shown), problems.length - shown)}
            </Button>
          </td>
        </tr>
      )}
    </tbody>
  );
}
