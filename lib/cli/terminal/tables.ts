// Tables of numbers, as wide as the terminal allows.
import Table from 'cli-table3';

type Row = readonly string[];

/** One table; the first column is of names. */
function tableOf(head: Row, rows: readonly Row[]): string {
  const [first, ...rest] = head;
  const table = new Table({
    head: [first, ...rest],
    colAligns: ['left', ...rest.map(() => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

/** Several tables, one below the other, where the columns do not fit beside each other; each has the names. */
export function tables(head: Row, rows: readonly Row[], columns: number): string {
  const widths = head.map((name, j) => Math.max(name.length, ...rows.map((row) => row[j].length)) + 3);
  const parts: string[] = [];
  let from = 1;
  do {
    let to = from;
    let width = widths[0] + 1;
    while (to < head.length && (to === from || width + widths[to] <= columns)) width += widths[to++];
    const part = (row: Row): Row => [row[0], ...row.slice(from, to)];
    parts.push(tableOf(part(head), rows.map(part)));
    from = to;
  } while (from < head.length);
  return parts.join('\n');
}
