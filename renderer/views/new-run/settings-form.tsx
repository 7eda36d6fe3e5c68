// The settings, read from the recipe's schema: the main ones open, the rest folded, changes marked and put back singly.
import { Button } from "@mantine/core";
import type { EarlierSet } from "../../../shared/api/datasets.ts";
import { Panel } from "../../components/panel.tsx";
import { type NewRun, type NewRunState, presetOf } from "../../stores/new-run.ts";
import { type Field, listFields } from "../../stores/recipe-fields.ts";
import { isSame, type JsonObject, readPath } from "../../stores/tree.ts";
import { text } from "../../text.ts";
import styles from "./new-run.module.css";
import { SettingField } from "./setting-field.tsx";

interface SettingsFormProps {
  readonly schema: JsonObject;
  readonly form: NewRun;
  readonly state: NewRunState;
  readonly sets: readonly EarlierSet[];
  /** Classes of the dataset. */
  readonly classes: number;
}

/** What people change most; a method's own settings belong to it. */
const isMain = ({ path, group }: Field) =>
  group === "method" || ["ipc", "init", "seed", "evaluation.trials", "evaluation.epochs"].includes(path);

/** The method is chosen with the recipe. */
const isShown = ({ kind, path }: Field) => kind !== "fixed" && path !== "method.id";

export function SettingsForm({ schema, form, state, sets, classes }: SettingsFormProps) {
  const { resolved, changes, problems } = state;
  if (!resolved) return null;
  const fields = listFields(schema, resolved.recipe).filter(isShown);
  const main = fields.filter(isMain);
  const groups = [...new Set(fields.filter((field) => !isMain(field)).map(({ group }) => group))];
  const changed = Object.keys(changes).length;
  /** A value that is an object, such as an earlier set, is one field. */
  const fieldOf = (path: string) => fields.find((field) => path === field.path || path.startsWith(`${field.path}.`));
  const elsewhere = [...problems].filter(([path]) => !fieldOf(path));
  const problemOf = (field: Field) => [...problems].find(([path]) => fieldOf(path) === field)?.[1];

  const ipc = Number("ipc" in changes ? changes.ipc : readPath(resolved.recipe, "ipc"));

  const render = (field: Field) => {
    const preset = presetOf(state, field.path);
    const value = field.path in changes ? changes[field.path] : readPath(resolved.recipe, field.path);
    return (
      <SettingField
        key={field.path}
        field={field}
        value={value}
        preset={preset}
        isChanged={field.path in changes && !isSame(value, preset)}
        problem={problemOf(field)}
        beginnings={{ sets, classes, ipc }}
        onChange={(next) => form.set(field.path, next)}
        onPutBack={() => form.putBack(field.path)}
      />
    );
  };

  return (
    <Panel
      title={`3  ${text.newRun.settings}`}
      tools={
        <>
          <Button
            size="compact-xs"
            variant="subtle"
            style={{ visibility: changed > 0 ? "visible" : "hidden" }}
            onClick={form.putAllBack}
          >
            {text.newRun.putAllBack}
          </Button>
          <span className={changed > 0 ? styles.markedCount : undefined}>
            {changed > 0 ? text.newRun.changed(changed) : text.newRun.unchanged}
          </span>
        </>
      }
    >
      {elsewhere.map(([path, message]) => (
        <p key={path} className={styles.problem} role="alert">
          {path ? `${path}: ${message}` : message}
        </p>
      ))}
      <div className={styles.fields}>{main.map(render)}</div>
      {groups.map((group) => {
        const own = fields.filter((field) => field.group === group && !isMain(field));
        const marked = own.filter(({ path }) => path in changes).length;
        const isWrong = own.some((field) => problemOf(field) !== undefined);
        return (
          <details key={group} className={styles.group} open={isWrong || undefined}>
            <summary>
              {text.newRun.groups[group] ?? group}
              {marked > 0 && <span className={styles.marked}>{text.newRun.changed(marked)}</span>}
            </summary>
            <div className={styles.fields}>{own.map(render)}</div>
          </details>
        );
      })}
    </Panel>
  );
}
