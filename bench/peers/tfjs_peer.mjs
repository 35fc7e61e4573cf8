// TensorFlow.js on its CPU backend, with its own optimizers. It has single precision only.
import * as tf from '@tensorflow/tfjs';
import { serve } from './protocol.mjs';

tf.env().set('IS_NODE', false); // it would advise another package
await tf.setBackend('cpu');

function fit(makeOptimizer, batchOf, epochsOf) {
  return (args) => {
    if (args.shuffle === '1') return undefined;
    const [rows, cols, rate] = ['rows', 'cols', 'rate'].map((key) => args.number(key));
    const X = tf.tensor2d(Float32Array.from(args.array('X')), [rows, cols]);
    const y = tf.tensor2d(Float32Array.from(args.array('y')), [rows, 1]);
    const [batch, epochs] = [batchOf(args, rows), epochsOf(args)];
    const loss = (A, b, w) =>
      args.loss === 'logistic'
        ? tf.losses.sigmoidCrossEntropy(b, A.matMul(w))
        : tf.losses.meanSquaredError(b, A.matMul(w)).div(2);
    return () => {
      const w = tf.variable(tf.zeros([cols, 1]));
      const optimizer = makeOptimizer(rate);
      for (let epoch = 0; epoch < epochs; epoch++) {
        for (let from = 0; from < rows; from += batch) {
          const n = Math.min(batch, rows - from);
          tf.tidy(() => {
            const [A, b] = batch < rows ? [X.slice([from, 0], [n, cols]), y.slice([from, 0], [n, 1])] : [X, y];
            optimizer.minimize(() => loss(A, b, w), false, [w]);
          });
        }
      }
      return w.dataSync();
    };
  };
}

const whole = (_, rows) => rows;
serve({
  gd: fit(tf.train.sgd, whole, (args) => args.number('iterations')),
  adam: fit(
    (rate) => tf.train.adam(rate),
    (args) => args.number('batch'),
    (args) => args.number('epochs'),
  ),
});
