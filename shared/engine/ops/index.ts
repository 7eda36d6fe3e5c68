// Every op, in one list: the contract test, the printers and the backends read it.
import { asOp, type Op } from "../op.ts";
import { batchNorm, instanceNorm } from "./channel-norm.ts";
import { conv2d, convInputGrad, convWeightGrad } from "./conv2d.ts";
import { elementwiseOps } from "./elementwise.ts";
import { gather, scatterAdd } from "./gather.ts";
import { groupNorm } from "./group-norm.ts";
import { logSoftmax } from "./log-softmax.ts";
import { matmul } from "./matmul.ts";
import { maxPool2d, maxPoolGrad, maxPoolTake } from "./max-pool.ts";
import { concat, expand, flip, pad, permute, reshape, slice } from "./movement.ts";
import { inverseDeviation, normalise } from "./normalise.ts";
import { avgPool2d, avgPoolGrad } from "./pool.ts";
import { max, sum } from "./reduce.ts";
import { resize, resizeGrad } from "./resize.ts";
import { solveSpd } from "./solve-spd.ts";
import { detach } from "./source.ts";
import { spatialMap } from "./spatial-map.ts";
import { stridedAvgPool } from "./strided-avg-pool.ts";
import { variance } from "./variance.ts";

export const ops: readonly Op[] = [
  ...elementwiseOps.map(asOp),
  asOp(detach),
  asOp(sum),
  asOp(max),
  asOp(reshape),
  asOp(permute),
  asOp(expand),
  asOp(pad),
  asOp(slice),
  asOp(flip),
  asOp(concat),
  asOp(matmul),
  asOp(conv2d),
  asOp(convInputGrad),
  asOp(convWeightGrad),
  asOp(avgPool2d),
  asOp(avgPoolGrad),
  asOp(stridedAvgPool),
  asOp(maxPool2d),
  asOp(maxPoolTake),
  asOp(maxPoolGrad),
  asOp(gather),
  asOp(scatterAdd),
  asOp(solveSpd),
  asOp(spatialMap),
  asOp(resize),
  asOp(resizeGrad),
  asOp(normalise),
  asOp(inverseDeviation),
  asOp(variance),
  asOp(instanceNorm),
  asOp(batchNorm),
  asOp(groupNorm),
  asOp(logSoftmax),
];
