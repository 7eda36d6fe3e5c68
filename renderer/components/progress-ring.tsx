// How far a thing is, as a ring; without a known end it shows that something runs.
import styles from "./progress-ring.module.css";

interface ProgressRingProps {
  /** From 0 to 1; undefined where the end is not known. */
  readonly fraction: number | undefined;
  readonly label: string;
  readonly size?: number;
}

export function ProgressRing({ fraction, label, size = 20 }: ProgressRingProps) {
  const radius = size / 2 - 2;
  const around = 2 * Math.PI * radius;
  const shown = Math.max(0, Math.min(1, fraction ?? 0.25));
  return (
    <svg
      className={styles.ring}
      data-unknown={fraction === undefined || undefined}
      width={size}
      height={size}
      viewBox={`0 0 ${size} ${size}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={fraction === undefined ? undefined : Math.round(100 * shown)}
    >
      <circle className={styles.track} cx={size / 2} cy={size / 2} r={radius} />
      <circle
        className={styles.done}
        cx={size / 2}
        cy={size / 2}
        r={radius}
        strokeDasharray={`${shown * around} ${around}`}
        transform={`rotate(-90 ${size / 2} ${size / 2})`}
      />
    </svg>
  );
}
