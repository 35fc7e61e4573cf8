// Picture of a computational graph: operands on the left, values and gradients in each box.
import { characterWidth, element, ink, shortened, text } from '../draw/svg.js';
import type { GraphJson, GraphNode } from './graphjson.js';

const box = { width: 190, height: 84 };
const gap = { x: 64, y: 24 };
const margin = { x: 24, top: 84, bottom: 28 };
const colours = { input: '#e3f1e7', constant: '#f2f4f6', op: '#e5eefb', output: '#fdeedb' };
const valueInk = '#1c5fb0';
const gradientInk = '#b3411b';

/** The column of each node: one behind the last of its operands; constants stand before what uses them. */
function columnsOf(nodes: readonly GraphNode[]): number[] {
  const columns = new Array<number>(nodes.length).fill(0);
  for (const { id, operands } of nodes)
    for (const from of operands) columns[id] = Math.max(columns[id], columns[from] + 1);
  const firstUse = new Array<number>(nodes.length).fill(Infinity);
  for (const { id, operands } of nodes)
    for (const from of operands) firstUse[from] = Math.min(firstUse[from], columns[id]);
  for (const { id, operands } of nodes)
    if (operands.length === 0 && firstUse[id] < Infinity) columns[id] = firstUse[id] - 1;
  return columns;
}

const shown = (value: number): string => String(Number(value.toPrecision(3)));

/** As many numbers as go into a box. */
function numbers(label: string, values: readonly number[] | null): string {
  if (values === null) return `${label} –`;
  let line = label;
  for (const [i, value] of values.entries()) {
    const next = `${line} ${shown(value)}`;
    if ((next.length + (i < values.length - 1 ? 2 : 0)) * characterWidth > box.width - 20) return `${line} …`;
    line = next;
  }
  return line;
}

/** Nodes of a column by the mean height of their operands, so that few lines cross. */
function rowsOf(nodes: readonly GraphNode[], columns: readonly number[]): number[] {
  const rows = new Array<number>(nodes.length).fill(0);
  const users = nodes.map(({ id }) => nodes.filter(({ operands }) => operands.includes(id)).map((node) => node.id));
  for (let column = 0; column <= Math.max(...columns); column++) {
    const here = nodes.filter(({ id }) => columns[id] === column);
    const height = ({ id, operands }: GraphNode): number =>
      operands.length > 0 ? operands.reduce((sum, from) => sum + rows[from], 0) / operands.length : (users[id][0] ?? 0);
    here.sort((a, b) => height(a) - height(b) || a.id - b.id);
    here.forEach(({ id }, row) => {
      rows[id] = row;
    });
  }
  return rows;
}

export function drawGraph({ nodes, output }: GraphJson): string {
  const columns = columnsOf(nodes);
  const rows = rowsOf(nodes, columns);
  const perColumn = columns.map((column) => columns.filter((other) => other === column).length);
  const tallest = Math.max(...perColumn);
  const width = 2 * margin.x + (Math.max(...columns) + 1) * (box.width + gap.x) - gap.x;
  const height = margin.top + tallest * (box.height + gap.y) - gap.y + margin.bottom;
  const x = (id: number) => margin.x + columns[id] * (box.width + gap.x);
  const y = (id: number) => margin.top + (rows[id] + (tallest - perColumn[id]) / 2) * (box.height + gap.y);
  const lines = nodes.flatMap(({ id, operands }) =>
    [...operands]
      .sort((i, j) => y(i) - y(j))
      .map((from, k) => {
        const start = { x: x(from) + box.width, y: y(from) + box.height / 2 };
        const end = { x: x(id), y: y(id) + (box.height * (k + 1)) / (operands.length + 1) };
        const reach = Math.max(gap.x / 2, (end.x - start.x) / 2);
        const d = `M${start.x} ${start.y} C${start.x + reach} ${start.y} ${end.x - reach} ${end.y} ${end.x} ${end.y}`;
        return element('path', { d, fill: 'none', stroke: ink.axis, 'stroke-width': 1.5, 'marker-end': 'url(#arrow)' });
      }),
  );
  const boxes = nodes.flatMap((node) => {
    const fill = node.id === output ? colours.output : (colours[node.op as 'input' | 'constant'] ?? colours.op);
    const [left, top] = [x(node.id), y(node.id)];
    const title = node.name ?? node.op;
    const at = left + 10;
    return [
      element('rect', { x: left, y: top, width: box.width, height: box.height, rx: 8, fill, stroke: ink.axis }),
      text(at, top + 22, shortened(title, 16), { 'font-weight': 600 }),
      text(left + box.width - 10, top + 22, `[${node.shape.join(', ')}]`, { fill: ink.quiet, 'text-anchor': 'end' }),
      text(at, top + 47, numbers('value', node.value), { fill: valueInk }),
      ...(node.op === 'constant'
        ? []
        : [text(at, top + 69, numbers('gradient', node.gradient), { fill: gradientInk })]),
    ];
  });
  const arrow = element('path', { d: 'M0 0 L8 4 L0 8 z', fill: ink.axis });
  const marker = {
    id: 'arrow',
    markerWidth: 8,
    markerHeight: 8,
    refX: 8,
    refY: 4,
    orient: 'auto',
    markerUnits: 'userSpaceOnUse',
  };
  const all = [
    element('title', {}, 'Computational graph'),
    element('defs', {}, element('marker', marker, arrow)),
    element('rect', { width, height, fill: '#ffffff' }),
    text(margin.x, 34, 'Computational graph', { 'font-size': 19, 'font-weight': 600 }),
    text(margin.x, 58, 'values: forward, left to right', { fill: valueInk }),
    text(margin.x + 210, 58, 'gradients of the output: backward, right to left', { fill: gradientInk }),
    ...lines,
    ...boxes,
  ];
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'font-family': "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif",
    'font-size': 13,
  };
  return `${element('svg', root, `\n${all.join('\n')}\n`)}\n`;
}
