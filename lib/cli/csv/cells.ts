// Cells of a CSV: a strict number, or the name of a category.
import { show } from '../../base/errors.js';
import { strictNumber } from '../terminal/text.js';
import { csvError, type Place } from './place.js';

/** Missing or unusable values that must not pass for a category. */
const noValue = /^[+-]?(nan|inf(inity)?)$/i;
/** 0x10, 1,5, 1.5abc, 2021-01-05: whoever writes such a column means numbers, or can say that he does not. */
const likeNumber = /^\s*[+-]?\.?\d/;

function checkFilled(cell: string, place: Place): void {
  if (cell.trim() === '') throw csvError('ERR_CSV_CELL', place, 'the cell is empty');
}

export function readNumberCell(cell: string, place: Place): number {
  const number = strictNumber(cell);
  if (Number.isFinite(number)) return number;
  checkFilled(cell, place);
  const why = Number.isNaN(number) ? 'is no number' : 'is too large for a number';
  const hint = /^[+-]?\d*,\d+$/.test(cell) ? '; numbers have a decimal point' : '';
  throw csvError('ERR_CSV_NUMBER', place, `${show(cell)} ${why}${hint}`);
}

export function readTextCell(cell: string, place: Place): string {
  checkFilled(cell, place);
  if (noValue.test(cell.trim())) throw csvError('ERR_CSV_CELL', place, `${show(cell)} is neither number nor category`);
  return cell;
}

/** Whether a column holds numbers or text, told by its first cell. */
export function kindOf(cell: string, place: Place): 'number' | 'text' {
  if (!Number.isNaN(strictNumber(cell))) return 'number';
  if (likeNumber.test(cell)) {
    const comma = /^[+-]?\d*,\d+$/.test(cell) ? 'numbers have a decimal point, and ' : '';
    const hint = `${comma}a column of text that begins like this is named in --categorical`;
    throw csvError('ERR_CSV_NUMBER', place, `${show(cell)} is no number; ${hint}`);
  }
  return 'text';
}
