// Rows of the catalog: names with typed parameters, defaults, ranges and help.
// Types, validation, the command’s flags and the docs derive from them.

/** A number's range, as an interval: '[0, 1)', '(0, ∞)'; `whole` for integers. */
export interface NumberOption {
  readonly kind: 'number';
  readonly default: number;
  readonly range: string;
  /** Numbers of the range that are refused, as an interval. */
  readonly gap?: string;
  /** Whether ∞ is taken, too. */
  readonly infinite?: boolean;
  readonly whole?: boolean;
  readonly help: string;
}
export interface BooleanOption {
  readonly kind: 'boolean';
  readonly default: boolean;
  readonly help: string;
}
export type Parameter = NumberOption | BooleanOption;

export interface Entry {
  readonly help: string;
  readonly parameters: { readonly [name: string]: Parameter };
}

export const number = (value: number, range: string, help: string): NumberOption => ({
  kind: 'number',
  default: value,
  range,
  help,
});
export const whole = (value: number, range: string, help: string): NumberOption => ({
  ...number(value, range, help),
  whole: true,
});
export const boolean = (value: boolean, help: string): BooleanOption => ({ kind: 'boolean', default: value, help });

/** The types of a table's parameters, all optional. */
export type Values<P extends Entry['parameters']> = {
  -readonly [K in keyof P]?: P[K] extends BooleanOption ? boolean : number;
};
/** A choice from a table: its name, or its name with parameters. */
export type Choice<T extends Record<string, Entry>> =
  | keyof T
  | { [K in keyof T]: { name: K } & Values<T[K]['parameters']> }[keyof T];
