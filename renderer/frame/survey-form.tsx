// What was found, and the choices before it is stored.
import { Button, NumberInput, SegmentedControl, TextInput } from "@mantine/core";
import { type FormEvent, useId, useState } from "react";
import type { ImportOptions, Survey } from "../../shared/api/datasets.ts";
import { ClassBar } from "../components/class-bar.tsx";
import { ProblemTable } from "../components/problem-table.tsx";
import { useFocus } from "../hooks/use-focus.ts";
import type { Fit } from "../stores/fit.ts";
import { formatBytes } from "../stores/format.ts";
import {
  type ImportChoice,
  isSizeRight,
  MAX_SIZE,
  measureChoice,
  suggestChoice,
  toOptions,
} from "../stores/import-choice.ts";
import { text } from "../text.ts";
import dialogStyles from "./import-dialog.module.css";
import { SamplePreview } from "./sample-preview.tsx";
import styles from "./survey-form.module.css";

interface SurveyFormProps {
  readonly survey: Survey;
  readonly onImport: (options: ImportOptions) => void;
  readonly onCancel: () => void;
}

export function SurveyForm({ survey, onImport, onCancel }: SurveyFormProps) {
  const submitter = useFocus<HTMLButtonElement>();
  const [choice, setChoice] = useState(() => suggestChoice(survey));
  const change = (part: Partial<ImportChoice>) => setChoice({ ...choice, ...part });
  const { classes, samples, skipped, warnings, suggested } = survey;
  const { bytes, isEnough } = measureChoice(choice, survey);
  const isRight = isSizeRight(choice);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isRight && isEnough) onImport(toOptions(choice, survey));
  };
  const isSuggested = choice.size === suggested.size.value;

  return (
    <form className={dialogStyles.stage} onSubmit={submit}>
      <div className={styles.columns}>
        <div className={styles.found}>
          <Found survey={survey} />
          <div className={styles.samples}>
            {samples.map(({ className, picture }) => (
              <SamplePreview
                key={className}
                picture={picture}
                label={className}
                size={isRight ? Number(choice.size) : suggested.size.value}
                fit={choice.fit}
                isGrey={choice.colour === "grey"}
              />
            ))}
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reached by keys. */}
          <ul className={styles.classes} aria-label={text.datasets.classes} tabIndex={0}>
            {classes.map((each) => (
              <li key={each.name}>
                <span className={styles.className}>{each.name}</span>
                <ClassBar of={each} most={Math.max(...classes.map(({ train, test }) => train + test))} />
                <span className={styles.count}>{text.importing.ofSplits(each.train, each.test)}</span>
              </li>
            ))}
          </ul>
        </div>
        <div className={styles.choices}>
          <TextInput
            label={text.importing.name}
            value={choice.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
            maxLength={200}
          />
          <NumberInput
            label={text.importing.size}
            description={isSuggested ? suggested.size.note : text.importing.suggestedSize(suggested.size.value)}
            error={isRight ? undefined : text.importing.sizeError(MAX_SIZE)}
            value={choice.size}
            onChange={(size) => change({ size: typeof size === "number" ? size : "" })}
            allowDecimal={false}
            allowNegative={false}
          />
          <Choice
            label={text.importing.fit}
            value={choice.fit}
            labels={text.importing.fits}
            onChange={(fit) => change({ fit: fit as Fit })}
          />
          <Choice
            label={text.importing.colour}
            note={choice.colour === suggested.colour.value ? suggested.colour.note : undefined}
            value={choice.colour}
            labels={text.importing.colours}
            onChange={(colour) => change({ colour: colour as ImportChoice["colour"] })}
          />
        </div>
      </div>
      <Problems title={text.importing.willBeLeftOut(skipped.length)} problems={skipped} />
      <Problems title={text.importing.worthALook(warnings.length)} problems={warnings} />
      <div className={dialogStyles.actions}>
        <span className={dialogStyles.actionsStart} data-bad={!isEnough || undefined} role="status">
          {isEnough
            ? text.importing.needs(formatBytes(bytes), formatBytes(survey.freeBytes))
            : text.importing.tooLarge(formatBytes(bytes), formatBytes(survey.freeBytes))}
        </span>
        <Button variant="default" onClick={onCancel}>
          {text.cancel}
        </Button>
        <Button ref={submitter} type="submit" disabled={!isRight || !isEnough}>
          {text.importing.start}
        </Button>
      </div>
    </form>
  );
}

function Found({ survey: { classes, split, sides, notes } }: { readonly survey: Survey }) {
  const images = classes.reduce((sum, { train, test }) => sum + train + test, 0);
  return (
    <div>
      <p className={styles.headline}>{text.datasets.summary(classes.length, images)}</p>
      <p className={dialogStyles.quiet}>{text.importing.sides(sides)}</p>
      <p className={dialogStyles.quiet}>{text.importing.splits[split]}</p>
      {notes.map((note) => (
        <p key={note} className={dialogStyles.quiet}>
          {note}
        </p>
      ))}
    </div>
  );
}

function Problems({ title, problems }: { readonly title: string; readonly problems: Survey["skipped"] }) {
  if (problems.length === 0) return null;
  return (
    <details className={styles.problems}>
      <summary>{title}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: as above. */}
      <div className={styles.table} tabIndex={0}>
        <ProblemTable problems={problems} label={title} />
      </div>
    </details>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly note?: string | undefined;
  readonly value: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly onChange: (value: string) => void;
}

function Choice({ label, note, value, labels, onChange }: ChoiceProps) {
  const id = useId();
  return (
    <div className={styles.choice}>
      <span id={id} className={styles.label}>
        {label}
      </span>
      {note && <span className={styles.note}>{note}</span>}
      <SegmentedControl
        aria-labelledby={id}
        fullWidth
        value={value}
        data={Object.entries(labels).map(([each, words]) => ({ value: each, label: words }))}
        onChange={onChange}
      />
    </div>
  );
}
