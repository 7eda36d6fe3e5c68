// Evaluation protocols by name: how a fresh network is trained on a set before it is tested.

export interface Protocol {
  readonly id: string;
  readonly title: string;
  /** Epochs named in the paper; the official loop runs one more. */
  readonly epochs: number;
  readonly learningRate: number;
  /** Whether a set that brings a learned step size is trained with that instead. */
  readonly usesLearnedRate?: true;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly batch: number;
  /** Whether DSA, drawn anew for each image, is applied to the training batches. */
  readonly augmented: boolean;
  readonly source: string;
}

/** VICO-UoE/DatasetCondensation `epoch`: SGD, one drop by ten after the middle, momentum restarted there. */
const condensation = { learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4, batch: 256 };

export const protocols = [
  {
    ...condensation,
    id: "dm",
    title: "DM and DSA: 1,000 epochs with DSA",
    epochs: 1000,
    augmented: true,
    source: "VICO-UoE/DatasetCondensation, main_DM.py",
  },
  {
    ...condensation,
    id: "dc",
    title: "DC: 300 epochs without augmentation",
    epochs: 300,
    augmented: false,
    source: "VICO-UoE/DatasetCondensation, main.py",
  },
  {
    ...condensation,
    id: "mtt",
    title: "MTT: 1,000 epochs with DSA, with the learned step size",
    epochs: 1000,
    usesLearnedRate: true,
    augmented: true,
    source: "GeorgeCazenavette/mtt-distillation, distill.py",
  },
  {
    ...condensation,
    id: "tesla",
    title: "TESLA: 1,000 epochs with DSA, with the learned step size and labels",
    epochs: 1000,
    usesLearnedRate: true,
    augmented: true,
    source: "justincui03/tesla, distill.py",
  },
] as const satisfies readonly Protocol[];

export type ProtocolId = (typeof protocols)[number]["id"];
export const protocolIds = protocols.map(({ id }) => id) as [ProtocolId, ...ProtocolId[]];

export function protocolOf(id: ProtocolId): Protocol {
  return protocols.find((protocol) => protocol.id === id) as Protocol;
}
