// What a user does with the package: a fit through each entry. Prints the backend and a digest of all bits.
// Usage: node consumer.cjs import|require
const { createHash } = require('node:crypto');
const { version } = require('nabla/package.json');

const load = process.argv[2] === 'import' ? (name) => import(name) : async (name) => require(name);

async function main() {
  const [nabla, kernels, textbook, autodiff, reference] = await Promise.all(
    ['nabla', 'nabla/kernels', 'nabla/textbook', 'nabla/autodiff', 'nabla/reference'].map(load),
  );
  const rows = 2000;
  const cols = 7;
  const X = Float64Array.from({ length: rows * cols }, (_, i) => Math.round(1e6 * Math.sin(i)) / 1e6);
  const y = Float64Array.from({ length: rows }, (_, i) => X[i * cols] - 3 * X[i * cols + 4] + 0.5);
  const options = { optimizer: nabla.adam({ learningRate: 0.1 }), batchSize: 64, epochs: 20, seed: 1 };

  /** The same work through two implementations, of which the second is the reference. */
  const bits = async (fits, products, textbooks, { grad, ops }) => {
    const hash = createHash('sha256');
    for (const model of [fits.fitSync({ X, y }, options), await fits.fit({ X, y }, { epochs: 30 })]) {
      hash.update(model.coefficients).update(Float64Array.of(model.intercept)).update(model.history);
    }
    const gradient = new Float64Array(cols);
    products.gemvT(X, rows, cols, y, gradient);
    hash.update(gradient).update(Float64Array.of(products.dot(X, X), products.nrm2(y)));
    const theta = new Float64Array(cols);
    hash.update(textbooks.batchGradientDescent({ X, y, theta, alpha: 0.1, iterations: 20 }).theta);
    hash.update(grad((x) => ops.mean(ops.tanh(x)))(y));
    return hash.digest('hex');
  };
  const digest = await bits(nabla, kernels, textbook, autodiff);
  const same = digest === (await bits(reference, reference, reference, reference));
  const { name, target } = nabla.backend;
  console.log(JSON.stringify({ name, target, digest, same, version }));
}

main().catch((error) => {
  console.log(JSON.stringify({ code: error.code ?? String(error) }));
});
