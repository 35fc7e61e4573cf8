// Draws the computational graph of a two-layer function: values of the forward pass, gradients of the backward pass.
// Usage: node examples/gradients.mjs [path of the picture]
import { writeFileSync } from 'node:fs';
import { checkGradient, grad, graph, ops as o, tensor } from 'nabla/autodiff';

const parameters = {
  W1: tensor([[0.5, -0.3], [0.8, 0.2]]), // biome-ignore format: rows
  b1: Float64Array.of(0.4, -0.2),
  w2: Float64Array.of(1.5, -0.7),
};
const x = Float64Array.of(1, 2);
const y = 0.4;

/** ½ (w₂ · tanh(W₁ x + b₁) - y)². */
const loss = ({ W1, b1, w2 }) => {
  const hidden = o.tanh(o.add(o.matmul(W1, x), b1));
  const error = o.sub(o.dot(w2, hidden), y);
  return o.mul(0.5, o.mul(error, error));
};

const svg = graph(loss)(parameters).toSVG();
const [, , path] = process.argv;
if (path) writeFileSync(path, svg);

const { W1, b1, w2 } = grad(loss)(parameters);
console.log('∂/∂W1', W1.toArray());
console.log('∂/∂b1', b1);
console.log('∂/∂w2', w2);
const { error } = checkGradient(loss, parameters);
console.log(`the gradient against differences: ${error < 1e-9 && svg.includes('tanh') ? 'right' : `off by ${error}`}`);
