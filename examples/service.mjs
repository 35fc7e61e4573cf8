// An HTTP service that fits on request, off its event loop: node examples/service.mjs [port]
// Without a port it asks itself, checks the answers and ends.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import Fastify from 'fastify';
import { fit, fitSync, Model } from 'nabla';

const body = { type: 'object', properties: { l2: { type: 'number', minimum: 0 } }, additionalProperties: false };
const optionsOf = ({ l2 = 0.01 } = {}) => ({ loss: 'logistic', optimizer: 'sgd', epochs: 100, l2 });

/** The service over the data of customers. `fitOne` is for bench/server, which compares other ways to fit. */
export function createService(customers, fitOne = fit) {
  const app = Fastify({ forceCloseConnections: true });
  app.post('/customers/:name/fit', { schema: { body } }, async (request, reply) => {
    const data = customers.get(request.params.name);
    if (!data) return reply.code(404).send({ error: 'no such customer' });
    // A client that leaves takes its fit along. After the answer there is none to end.
    const left = new AbortController();
    reply.raw.once('close', () => left.abort());
    return fitOne(data, { ...optionsOf(request.body), signal: left.signal });
  });
  return app;
}

/** Rows of two classes, in shared memory: `fit` copies nothing then. */
export function customer(rows, cols, seed) {
  const shared = (length, value) => {
    const array = new Float64Array(new SharedArrayBuffer(8 * length));
    for (let i = 0; i < length; i++) array[i] = value(i);
    return array;
  };
  const X = shared(rows * cols, (i) => Math.sin((i + 1) * (seed + 1)));
  return { X, y: shared(rows, (i) => Number(X[i * cols] + 0.5 * Math.cos(7 * i) > 0)) };
}

async function check(app, customers) {
  const url = await app.listen();
  const headers = { 'content-type': 'application/json' };
  const ask = (name, body, signal) =>
    fetch(`${url}/customers/${name}/fit`, { method: 'POST', headers, body: JSON.stringify(body), signal });

  // Twenty at once, each with the bits of fitSync.
  const penalties = Array.from({ length: 20 }, (_, i) => i / 100);
  const answers = await Promise.all(penalties.map(async (l2) => (await ask('ada', { l2 })).json()));
  for (const [i, l2] of penalties.entries()) {
    const expected = fitSync(customers.get('ada'), optionsOf({ l2 }));
    assert.deepEqual(Model.fromJSON(answers[i]).coefficients, expected.coefficients);
  }
  assert.equal((await ask('nobody', {})).status, 404);
  assert.equal((await ask('ada', { l2: -1 })).status, 400);

  // A client that leaves is no harm to those that stay.
  const left = ask('ben', {}, AbortSignal.timeout(5));
  const stays = ask('ben', {});
  await assert.rejects(left, { name: 'TimeoutError' });
  assert.equal((await stays).status, 200);
  await app.close();
  console.log('service: right');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const customers = new Map([
    ['ada', customer(500, 10, 1)],
    ['ben', customer(50_000, 40, 2)],
  ]);
  const app = createService(customers);
  const [, , port] = process.argv;
  if (port) console.log(await app.listen({ port: Number(port) }));
  else await check(app, customers);
}
