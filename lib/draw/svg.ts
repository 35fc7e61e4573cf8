// SVG elements that pictures are made of.
export const width = 800;

export const ink = {
  text: '#1f2933',
  quiet: '#66727f',
  grid: '#e4e8ec',
  axis: '#9aa5b1',
};

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => escapes[character]);

type Attributes = Record<string, string | number>;

export function element(name: string, attributes: Attributes, content = ''): string {
  const list = Object.entries(attributes).map(([key, value]) => {
    return ` ${key}="${typeof value === 'number' ? Number(value.toFixed(2)) : escaped(value)}"`;
  });
  return content === '' ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${content}</${name}>`;
}

export const text = (x: number, y: number, content: string, attributes: Attributes = {}): string =>
  element('text', { x, y, fill: ink.text, ...attributes }, escaped(content));

/** Text that is read from below, with its middle there. */
export const upright = (x: number, y: number, content: string): string =>
  text(0, 0, content, { transform: `translate(${x} ${y}) rotate(-90)`, 'text-anchor': 'middle' });

export const segment = (x1: number, y1: number, x2: number, y2: number, attributes: Attributes): string =>
  element('line', { x1, y1, x2, y2, ...attributes });

/** There is no measuring of text here; this a character is wide enough for all common fonts. */
export const characterWidth = 7;

export function shortened(content: string, most: number): string {
  return content.length > most ? `${content.slice(0, most - 1)}…` : content;
}

/** What a line is. */
export interface Key {
  readonly label: string;
  readonly colour: string;
  readonly dash: string;
}

/** A sample of a line and what it is, and how wide that is. */
export function keyAt(x: number, y: number, { label, colour, dash }: Key): { parts: string[]; wide: number } {
  const stroke = { stroke: colour, 'stroke-width': 2.25, 'stroke-dasharray': dash };
  return {
    parts: [segment(x, y, x + 28, y, stroke), text(x + 38, y + 4, label)],
    wide: 38 + characterWidth * label.length,
  };
}

/** A complete SVG file with a title and what is under it. */
export function picture(height: number, title: string, subtitle: string, parts: readonly string[]): string {
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'font-family': "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif",
    'font-size': 13,
  };
  const all = [
    element('title', {}, escaped(title)),
    element('rect', { width, height, fill: '#ffffff' }),
    ...parts,
    text(24, 34, shortened(title, 80), { 'font-size': 19, 'font-weight': 600 }),
    text(24, 57, shortened(subtitle, 115), { fill: ink.quiet }),
  ];
  return `${element('svg', root, `\n${all.join('\n')}\n`)}\n`;
}
