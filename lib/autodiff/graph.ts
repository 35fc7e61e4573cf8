// graph: the computational graph of a function at a point, with values and gradients.
import { backward } from './backward.js';
import type { Traceable } from './derivatives.js';
import type { GraphJson, GraphNode } from './graphjson.js';
import { drawGraph } from './graphpicture.js';
import { showShape, typeError } from './shape.js';
import { differentiate, type Level, operandsOf, quietly } from './tape.js';
import { operand, scalar, type Tensor } from './tensor.js';
import { type Like, leavesOf } from './trees.js';

/** A graph to look at. */
export interface Graph {
  toJSON(): GraphJson;
  /** In the language of Graphviz. */
  toDot(): string;
  /** A picture: values (of the forward pass) and gradients (of the backward pass) in each node. */
  toSVG(): string;
}

/** Names of the leaves of a tree, in order. */
function namesOf(count: number, rebuild: (values: readonly unknown[]) => unknown): string[] {
  const names: string[] = [];
  const visit = (path: string, node: unknown): void => {
    if (typeof node === 'number') names[node] = path;
    else if (typeof node === 'object' && node !== null) {
      const isList = Array.isArray(node);
      for (const [key, item] of Object.entries(node)) visit(isList ? `${path}[${key}]` : `${path}.${key}`, item);
    }
  };
  visit('x', rebuild(Array.from({ length: count }, (_, i) => i)));
  return names;
}

/** Operands that an op was given: an absent one is the node itself. */
const operandCount = (x: Tensor): number => (x.a === x ? 0 : x.b === x ? 1 : 2 + x.more.length);

function nodesOf(level: Level, y: Tensor, names: readonly string[], gradients: ReadonlyMap<Tensor, Tensor>): GraphJson {
  const { inputs, nodes: tape, first } = level;
  // What y is made of: from the end of the tape, so that users come before operands.
  const used = new Set<Tensor>([y]);
  for (let i = tape.length - 1; i >= first; i--) {
    if (used.has(tape[i])) for (const from of operandsOf(tape[i], operandCount(tape[i]))) used.add(from);
  }
  const ids = new Map<Tensor, number>();
  const nodes: GraphNode[] = [];
  const place = (x: Tensor, op: string, operands: number[], name?: string): number => {
    const id = nodes.length;
    const gradient = gradients.get(x);
    ids.set(x, id);
    nodes.push({
      id,
      op,
      ...(name === undefined ? {} : { name }),
      shape: [...x.shape],
      value: Array.from(x.data),
      gradient: gradient ? Array.from(gradient.data) : null,
      operands,
    });
    return id;
  };
  const idOf = (x: Tensor): number => ids.get(x) ?? place(x, 'constant', []);
  inputs.forEach((input, i) => {
    place(input, 'input', [], names[i]);
  });
  for (const x of tape.slice(first)) {
    if (x.rule && used.has(x)) place(x, x.rule.name, operandsOf(x, operandCount(x)).map(idOf));
  }
  return { output: idOf(y), nodes };
}

/**
 * Runs f once, forward and (where it returns a scalar) backward, and keeps the graph.
 *
 * @returns a function of the arguments of f, which returns the {@link Graph}
 * @throws NablaError `ERR_INVALID_ARG_TYPE`
 */
export function graph<P = Tensor>(f: Traceable<P>): (x: Like<P>, ...rest: unknown[]) => Graph {
  if (typeof f !== 'function') throw typeError('graph', 'f', 'a function', f);
  return (x, ...rest) => {
    const json = differentiate((level) => {
      const leaves = leavesOf('graph', 'x', x);
      const inputs = leaves.tensors.map((leaf) => level.input(leaf));
      const y = operand('graph', 'the result of f', f(leaves.rebuild(inputs) as P, ...rest));
      const gradients = new Map<Tensor, Tensor>();
      if (y.shape.length === 0) {
        const ofInputs = quietly(level, () =>
          backward(level, [y], [scalar(1)], (result, gradient) => {
            gradients.set(result, gradient);
          }),
        );
        inputs.forEach((input, i) => {
          gradients.set(input, ofInputs[i]);
        });
      }
      return nodesOf(level, y, namesOf(inputs.length, leaves.rebuild), gradients);
    });
    return { toJSON: () => json, toDot: () => dotOf(json), toSVG: () => drawGraph(json) };
  };
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

function dotOf({ nodes, output }: GraphJson): string {
  const lines = nodes.map((node) => {
    const label = `${node.name ?? node.op} ${showShape(node.shape)}`;
    const shape = node.op === 'input' ? 'box' : node.op === 'constant' ? 'plaintext' : 'ellipse';
    return `  n${node.id} [label=${quoted(label)}, shape=${shape}${node.id === output ? ', peripheries=2' : ''}];`;
  });
  const edges = nodes.flatMap(({ id, operands }) => operands.map((from) => `  n${from} -> n${id};`));
  return `digraph {\n  rankdir=LR;\n${[...lines, ...edges].join('\n')}\n}\n`;
}
