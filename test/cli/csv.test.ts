import { describe, expect, it } from 'vitest';
import { file, nabla } from './support.js';

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

interface Case {
  name: string;
  content: string | Uint8Array;
  code: string;
  /** Where, as the message tells. */
  at: string;
  flags?: string[];
}

const refused: Case[] = [
  { name: 'empty file', content: '', code: 'ERR_CSV_EMPTY', at: 'csv: ' },
  { name: 'a BOM alone', content: '\ufeff', code: 'ERR_CSV_EMPTY', at: 'csv: ' },
  { name: 'header only', content: 'x,y\n', code: 'ERR_CSV_EMPTY', at: 'csv: ' },
  { name: 'header only, no newline', content: 'x,y', code: 'ERR_CSV_EMPTY', at: 'csv: ' },
  { name: 'short row', content: 'x,y\n1,2\n3\n', code: 'ERR_CSV_RAGGED', at: 'line 3, column 2: ' },
  { name: 'long row', content: 'x,y\n1,2,3\n', code: 'ERR_CSV_RAGGED', at: 'line 2, column 3: ' },
  { name: 'blank line', content: 'x,y\n1,2\n\n3,4\n', code: 'ERR_CSV_RAGGED', at: 'line 3: the line is blank' },
  {
    name: 'blank line of CRLF',
    content: 'x,y\r\n1,2\r\n\r\n3,4',
    code: 'ERR_CSV_RAGGED',
    at: 'line 3: the line is bl',
  },
  { name: 'blank last line', content: 'x,y\n1,2\n\n', code: 'ERR_CSV_RAGGED', at: 'line 3: the line is blank' },
  { name: 'empty cell', content: 'x,y\n1,2\n,4\n', code: 'ERR_CSV_CELL', at: 'line 3, column 1 (x): ' },
  { name: 'empty first cell', content: 'x,y\n,2\n', code: 'ERR_CSV_CELL', at: 'line 2, column 1 (x): ' },
  { name: 'cell of spaces', content: 'x,y\n1,2\n1,  \n', code: 'ERR_CSV_CELL', at: 'line 3, column 2 (y): ' },
  { name: 'empty text', content: 'x,y\na,2\n"",4\n', code: 'ERR_CSV_CELL', at: 'line 3, column 1 (x): ' },
  {
    name: '1,5 with ;',
    content: 'x;y\n1,5;2\n',
    code: 'ERR_CSV_COLUMN',
    at: 'line 1: there is no column "y"; if ";" sep',
  },
  {
    name: '1,5 with ; said',
    content: 'x;y\n1,5;2\n',
    code: 'ERR_CSV_NUMBER',
    at: 'line 2, column 1 (x): ',
    flags: ['--delimiter', ';'],
  },
  {
    name: 'no such column',
    content: 'x,z\n1,2\n',
    code: 'ERR_CSV_COLUMN',
    at: 'line 1: there is no column "y"; is it',
  },
  { name: 'no feature', content: 'y\n1\n', code: 'ERR_CSV_COLUMN', at: 'line 1: there is no column but the target' },
  { name: 'one category', content: 'x,y\na,1\na,2\n', code: 'ERR_CSV_COLUMN', at: 'no feature varies' },
  { name: 'duplicate header', content: 'x,y,x\n1,2,3\n', code: 'ERR_CSV_HEADER', at: 'line 1, column 3: ' },
  { name: 'header without a name', content: 'x,,y\n1,2,3\n', code: 'ERR_CSV_HEADER', at: 'line 1, column 2: ' },
  { name: 'text target', content: 'x,y\n1,a\n', code: 'ERR_CSV_NUMBER', at: 'line 2, column 2 (y): "a" is no number' },
  { name: 'open quote', content: 'x,y\n1,2\n"3,4\n', code: 'ERR_CSV_QUOTE', at: 'line 3, column ' },
  { name: 'quote in a cell', content: 'x,y\n1,2"3\n', code: 'ERR_CSV_QUOTE', at: 'line 2, column 2: ' },
  { name: 'text after a quote', content: 'x,y\n"1"2,3\n', code: 'ERR_CSV_QUOTE', at: 'line 2, column 1: ' },
  {
    name: 'after a quoted line break',
    content: 'x,z,y\n"a\r\nb",1,2\nb,1,q\n',
    code: 'ERR_CSV_NUMBER',
    at: 'line 4, col',
  },
  { name: 'NUL', content: 'x,y\n1,2\n3\0,4\n', code: 'ERR_CSV_ENCODING', at: 'line 3: byte 2 is NUL' },
  { name: 'bad UTF-8', content: bytes('x,y\né', [0xff]), code: 'ERR_CSV_ENCODING', at: 'line 2: byte 3 ' },
  { name: 'cut UTF-8', content: bytes('x,y\n1,2\na', [0xe2, 0x82]), code: 'ERR_CSV_ENCODING', at: 'line 3: byte 2 ' },
  { name: 'Latin-1', content: Buffer.from('é,y\n1,2\n', 'latin1'), code: 'ERR_CSV_ENCODING', at: 'line 1: byte 1 ' },
  { name: 'UTF-16', content: Buffer.from('x,y\n1,2\n', 'utf16le'), code: 'ERR_CSV_ENCODING', at: 'line 1: byte 2 ' },
  { name: 'UTF-16 with BOM', content: Buffer.from('\ufeffx,y', 'utf16le'), code: 'ERR_CSV_ENCODING', at: 'in UTF-16' },
  { name: 'UTF-16BE', content: bytes([0xfe, 0xff, 0, 120]), code: 'ERR_CSV_ENCODING', at: 'in UTF-16' },
];

const noNumbers = [
  '0x10',
  '1.5abc',
  '1e',
  '1_000',
  '1 000',
  ' 1',
  '1 ',
  '--1',
  '.',
  'NaN',
  'Infinity',
  '-Infinity',
  '1e999',
];
for (const text of noNumbers) {
  refused.push(
    {
      name: `${text} in a column of numbers`,
      content: `x,y\n1,2\n${text},3\n`,
      code: 'ERR_CSV_NUMBER',
      at: 'line 3, column 1 (x): ',
    },
    {
      name: `${text} in the target`,
      content: `x,y\n1,2\n2,${text}\n`,
      code: 'ERR_CSV_NUMBER',
      at: 'line 3, column 2 (y): ',
    },
  );
}
for (const text of ['0x10', '1.5abc', '"1,5"', '2021-01-05', ' 1', '1e999']) {
  refused.push({
    name: `${text} in the first row`,
    content: `x,y\n${text},2\n`,
    code: 'ERR_CSV_NUMBER',
    at: 'line 2, column 1 (x): ',
  });
}
for (const text of ['NaN', 'nan', 'Infinity', '-inf']) {
  refused.push(
    {
      name: `${text} in the first row`,
      content: `x,y\n${text},2\n`,
      code: 'ERR_CSV_CELL',
      at: 'line 2, column 1 (x): ',
    },
    {
      name: `${text} among texts`,
      content: `x,y\na,1\n${text},2\n`,
      code: 'ERR_CSV_CELL',
      at: 'line 3, column 1 (x): ',
    },
  );
}

describe('a CSV that is refused', () => {
  for (const { name, content, code, at, flags = [] } of refused) {
    it(name, async () => {
      const result = await nabla('fit', file(content), '--target', 'y', '--json', ...flags);
      expect(result.err).toContain(at);
      expect(result.err).toContain(`(${code})\n`);
      expect(result.err).toMatch(/^nabla: .*\n$/);
      expect(result).toMatchObject({ code: 1, out: '' });
    });
  }

  it('more categories than anyone means', async () => {
    const rows = Array.from({ length: 1001 }, (_, i) => `name ${i},${i}`);
    const result = await nabla('fit', file(`x,y\n${rows.join('\n')}`), '--target', 'y');
    expect(result.err).toContain('line 1002, column 1 (x): more than 1000 different texts');
    expect(result.err).toContain('ERR_CSV_CATEGORY');
  });

  it('an encoding mistake far into the file is told by its line', async () => {
    const lines = `${'é12345678,1\n'.repeat(20_000)}`;
    const result = await nabla('fit', file(bytes('x,y\n', lines, 'abc', [0xc3], ',1\n')), '--target', 'y');
    expect(result.err).toContain('line 20002: byte 4 is not UTF-8');
  });

  it('columns that are not used may hold anything', async () => {
    const data = file('x,y,note\n1,2,\n2,4,NaN\n3,6,0x10\n');
    expect(await nabla('fit', data, '--target', 'y', '--features', 'x', '--json')).toMatchObject({ code: 0, err: '' });
  });
});

describe('a CSV that is accepted', () => {
  const plain = 'x,y\n1,2\n-0,4\n2.5,-6e2\n.5,+7.\n';
  const forms: Record<string, string> = {
    plain,
    BOM: `\ufeff${plain}`,
    CRLF: plain.replaceAll('\n', '\r\n'),
    'CR alone': plain.replaceAll('\n', '\r'),
    'no final newline': plain.trimEnd(),
    'BOM, CRLF, no final newline': `\ufeff${plain.trimEnd().replaceAll('\n', '\r\n')}`,
    'mixed line ends': plain.replace('\n', '\r\n'),
    quoted: plain.replace(/[^,\n]+/g, '"$&"'),
  };
  const fitted = async (content: string): Promise<unknown> => {
    const { code, out, err } = await nabla('fit', file(content), '--target', 'y', '--json', '--holdout', '0');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { coefficients, intercept, history, rows } = JSON.parse(out);
    return { coefficients, intercept, history, rows };
  };
  for (const [name, content] of Object.entries(forms)) {
    it(name, async () => {
      expect(await fitted(content)).toEqual(await fitted(plain));
    });
  }

  it('CRLF on every border between chunks', async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => `${i % 7},${'1'.repeat(1 + (i % 3))}`);
    const report = (await fitted(`x,y\r\n${rows.join('\r\n')}`)) as { rows: number };
    expect(report.rows).toBe(40_000);
  });

  it('characters of several bytes on every border between chunks', async () => {
    const rows = Array.from({ length: 40_000 }, (_, i) => `${['aé', '€', '😀'][i % 3]},${i % 10}`);
    const report = (await fitted(`x,y\n${rows.join('\n')}`)) as { coefficients: object };
    expect(Object.keys(report.coefficients).sort()).toEqual(['x=€', 'x=😀']);
  });

  it('another delimiter', async () => {
    for (const [flag, character] of [
      [';', ';'],
      ['\\t', '\t'],
    ]) {
      const data = file('x,y\n1,2\n2,4\n'.replaceAll(',', character));
      expect(await nabla('fit', data, '--target', 'y', '--delimiter', flag, '--json')).toMatchObject({ code: 0 });
    }
  });
});
