// One setting: the control that fits its kind, marked where it differs from the recipe.
import { ActionIcon, MultiSelect, NumberInput, Select, TagsInput, TextInput, Tooltip } from "@mantine/core";
import { IconArrowBackUp } from "@tabler/icons-react";
import { type Field, labelOf } from "../../stores/recipe-fields.ts";
import { type Json, showValue } from "../../stores/tree.ts";
import { text } from "../../text.ts";
import styles from "./new-run.module.css";
import { type Beginnings, StartField } from "./start-field.tsx";

interface SettingFieldProps {
  readonly field: Field;
  readonly value: Json;
  readonly preset: Json;
  readonly isChanged: boolean;
  readonly problem: string | undefined;
  readonly beginnings: Beginnings;
  readonly onChange: (value: Json) => void;
  readonly onPutBack: () => void;
}

export function SettingField(props: SettingFieldProps) {
  const { field, preset, isChanged, problem, onPutBack } = props;
  const back = text.newRun.putBack(labelOf(field.path), showValue(preset));
  return (
    <div className={styles.field} data-changed={isChanged || undefined} data-wide={isWide(field) || undefined}>
      <Control {...props} />
      <div className={styles.preset}>
        {problem !== undefined && (
          <span className={styles.problemLine} role="alert" title={problem}>
            {problem}
          </span>
        )}
        {isChanged && (
          <>
            {problem === undefined && <span>{text.newRun.preset(showValue(preset))}</span>}
            <Tooltip label={back}>
              <ActionIcon size={20} color="copper" aria-label={back} onClick={onPutBack}>
                <IconArrowBackUp size={14} />
              </ActionIcon>
            </Tooltip>
          </>
        )}
      </div>
    </div>
  );
}

const isWide = ({ kind }: Field) => kind === "choices" || kind === "words";

function Control({ field, value, problem, beginnings, onChange }: SettingFieldProps) {
  // The words stand below, in the line that is held open for the recipe's value.
  const common = { label: labelOf(field.path), description: field.description, error: problem !== undefined };
  const list = Array.isArray(value) ? value.map(String) : [];
  switch (field.kind) {
    case "integer":
    case "number":
      return (
        <NumberInput
          {...common}
          value={typeof value === "number" ? value : ""}
          onChange={(next) => onChange(next === "" ? null : next)}
          allowDecimal={field.kind === "number"}
          thousandSeparator=","
          step={field.kind === "integer" ? 1 : 0.1}
        />
      );
    case "choice": {
      // Options may be numbers, which a list of texts must give back as such.
      const isKnown = field.options.some((option) => JSON.stringify(option) === JSON.stringify(value));
      const options = isKnown ? field.options : [...field.options, value];
      const data = options.map((option) => ({ value: JSON.stringify(option) ?? "", label: showValue(option) }));
      return (
        <Select
          {...common}
          data={data}
          value={JSON.stringify(value)}
          onChange={(next) => next !== null && onChange(JSON.parse(next))}
          allowDeselect={false}
        />
      );
    }
    case "start":
      return (
        <StartField {...common} value={value} options={field.options} beginnings={beginnings} onChange={onChange} />
      );
    case "choices":
      return <MultiSelect {...common} data={field.options.map(String)} value={list} onChange={onChange} />;
    case "words":
      return <TagsInput {...common} size="xs" data={field.options.map(String)} value={list} onChange={onChange} />;
    case "text":
    case "fixed":
      return (
        <TextInput {...common} value={showValue(value)} onChange={(event) => onChange(event.currentTarget.value)} />
      );
    default:
      return field.kind satisfies never;
  }
}
