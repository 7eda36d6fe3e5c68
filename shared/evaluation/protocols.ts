// Evaluation protocols by name: how a fresh network is trained on a set before it is tested.
import type { AugmentedBy } from "./augmentations.ts";

/** Where the rate drops. */
export interface RateDrop {
  /** It comes once floor(E numerator / denominator) + `plus` epochs have ended, of E. */
  readonly share: readonly [numerator: number, denominator: number];
  readonly plus: number;
  readonly factor: number;
  /** Whether the momentum buffers begin again from zero there. */
  readonly restarts: boolean;
  /** The momentum from there on, where it is another. */
  readonly momentum?: number;
}

export interface Protocol {
  readonly id: string;
  readonly title: string;
  /** E, as the paper names it. */
  readonly epochs: number;
  /** Epochs that the official loop runs beyond E. */
  readonly extraEpochs: 0 | 1;
  readonly learningRate: number;
  /** Whether a set that learned a rate is trained on with that one. */
  readonly usesLearnedRate: boolean;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly batch: number;
  readonly drops: readonly RateDrop[];
  /** What its training batches go through, drawn anew for each. */
  readonly augmentedBy: AugmentedBy;
  /** `own`: a set's own probabilities where it has some, with soft cross-entropy; `hard`: its class indices in any case. */
  readonly labels: "hard" | "own";
  /** What the official code does that this does not, in sentences. */
  readonly leftOut: readonly string[];
  readonly source: string;
}

const middle: RateDrop = { share: [1, 2], plus: 2, factor: 0.1, restarts: true };

/** VICO-UoE/DatasetCondensation `epoch`: SGD, E + 1 epochs; at the end of epoch floor(E / 2) + 1, from 0, a tenth of the rate and new momentum. */
const condensation = {
  epochs: 1000,
  extraEpochs: 1,
  learningRate: 0.01,
  usesLearnedRate: false,
  momentum: 0.9,
  weightDecay: 5e-4,
  batch: 256,
  drops: [middle],
  augmentedBy: "dsa",
  labels: "hard",
  leftOut: [],
} as const;

const bestIsLeftOut = "The official code reports the best test accuracy on the way; this one that of the last epoch.";

export const protocols = [
  {
    ...condensation,
    id: "dm",
    title: "DM: 1,000 epochs with DSA",
    source: "VICO-UoE/DatasetCondensation, main_DM.py",
  },
  {
    ...condensation,
    id: "dsa",
    title: "DSA: 1,000 epochs with DSA",
    source: "VICO-UoE/DatasetCondensation, main.py",
  },
  {
    ...condensation,
    id: "dc",
    title: "DC: 300 epochs without augmentation",
    epochs: 300,
    augmentedBy: "nothing",
    source: "VICO-UoE/DatasetCondensation, main.py",
  },
  {
    ...condensation,
    id: "dc-mnist",
    title: "DC on MNIST: 1,000 epochs, each image shifted, zoomed or turned",
    augmentedBy: "dc",
    source: "VICO-UoE/DatasetCondensation, main.py and get_daparam",
  },
  {
    ...condensation,
    id: "idc",
    title:
      "IDC: 1,000 epochs in batches of 64, colour, flip and one of three moves in each, CutMix in half, two drops by five",
    extraEpochs: 0,
    batch: 64,
    drops: [
      { share: [2, 3], plus: 0, factor: 0.2, restarts: false },
      { share: [5, 6], plus: 0, factor: 0.2, restarts: false },
    ],
    augmentedBy: "idc",
    source: "snu-mllab/Efficient-Dataset-Condensation, test.py",
  },
  {
    ...condensation,
    id: "datadam",
    title: "DataDAM: 1,800 epochs in batches of 64 with DSA",
    epochs: 1800,
    batch: 64,
    source: "DataDistillation/DataDAM, main_DataDAM.py",
  },
  {
    ...condensation,
    id: "datm",
    title: "DATM: 1,000 epochs in batches of 128 with DSA, the set's own rate and labels",
    usesLearnedRate: true,
    batch: 128,
    labels: "own",
    source: "NUS-HPC-AI-Lab/DATM, evaluation.py",
  },
  {
    ...condensation,
    id: "ast",
    title: "AST: 1,000 epochs with DSA, the set's own rate, a drop by two",
    usesLearnedRate: true,
    weightDecay: 1e-3,
    drops: [{ ...middle, factor: 0.5, momentum: 0.8 }],
    leftOut: [bestIsLeftOut],
    source: "shenjiyuan123/AST-Alignment-with-Smooth-Expert, utils.py",
  },
  {
    ...condensation,
    id: "mtt",
    title: "MTT and FTD: 1,000 epochs with DSA, with the learned step size",
    usesLearnedRate: true,
    leftOut: [bestIsLeftOut],
    source: "GeorgeCazenavette/mtt-distillation, distill.py",
  },
  {
    ...condensation,
    id: "tesla",
    title: "TESLA: 1,000 epochs with DSA, with the learned step size and labels",
    usesLearnedRate: true,
    labels: "own",
    leftOut: [bestIsLeftOut],
    source: "justincui03/tesla, distill.py",
  },
] as const satisfies readonly Protocol[];

export type ProtocolId = (typeof protocols)[number]["id"];
export const protocolIds = protocols.map(({ id }) => id) as [ProtocolId, ...ProtocolId[]];

export function protocolOf(id: ProtocolId): Protocol {
  return protocols.find((protocol) => protocol.id === id) as Protocol;
}

/** How many epochs are run where a recipe asks for `epochs`. */
export const countEpochs = ({ extraEpochs }: Pick<Protocol, "extraEpochs">, epochs: number): number =>
  epochs + extraEpochs;

/** The conditions of one epoch, counted from 0, of a training of `epochs`. */
export function conditionsAt(protocol: Protocol, epochs: number, epoch: number) {
  let [factor, momentum] = [1, protocol.momentum];
  let restarts = false;
  for (const { share, plus, ...drop } of protocol.drops) {
    const from = Math.floor((epochs * share[0]) / share[1]) + plus;
    if (epoch < from) continue;
    factor *= drop.factor;
    momentum = drop.momentum ?? momentum;
    restarts ||= drop.restarts && epoch === from;
  }
  /** `restarts`: the momentum buffers are zero when it begins. `factor`: of the rate that the training began with. */
  return { factor, momentum, restarts };
}
