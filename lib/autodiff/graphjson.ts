// Computational graph as plain data.

/** A node of a graph: an input, a constant, or the result of an op. */
export interface GraphNode {
  /** Numbered from 0 in the order of creation: operands before what is made of them. */
  id: number;
  /** `'input'`, `'constant'`, or the name of the op. */
  op: string;
  /** Of an input: where it is in the argument, as `x` or `x.W`. */
  name?: string;
  shape: number[];
  /** Row-major. */
  value: number[];
  /** Of the output, a scalar, in this node; null where the output is no scalar or does not depend on an input by it. */
  gradient: number[] | null;
  /** Nodes that it is made of. */
  operands: number[];
}

/** A graph as plain data. */
export interface GraphJson {
  nodes: GraphNode[];
  /** The id of the result. */
  output: number;
}
