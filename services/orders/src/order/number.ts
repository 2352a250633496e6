/** Crockford's base 32: without I, L, O and U, which people misread. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * Returns the number of an order for people: 40 bits of its id, short enough for the phone. Only
 * the id is unique.
 */
export function numberOf(id: string): string {
  const digits = Number.parseInt(id.replaceAll('-', '').slice(0, 10), 16).toString(32).padStart(8, '0');
  const letters = Array.from(digits, (digit) => LETTERS[Number.parseInt(digit, 32)]).join('');
  return `SC-${letters.slice(0, 4)}-${letters.slice(4)}`;
}
