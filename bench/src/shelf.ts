/** Products that look like those of a shop, the same in every run. */
import type { Versioned } from '@sidecart/chassis/documents';

export interface Shelved extends Versioned {
  status: string;
  name: string;
  description: string;
  brand: string;
  categoryId: string;
  availability: string;
  attributes: string[];
  price: number;
  createdAt: number;
}

const CATEGORIES = 100;
const BRANDS = 500;
const VOCABULARY = 20_000;

/** Returns a generator of numbers from 0 to 1 that are the same in every run. */
function randomNumbers(): () => number {
  let seed = 1;
  return () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
}

export function createShelf() {
  const random = randomNumbers();
  const pick = (most: number) => Math.floor(random() * most);
  const syllables = Array.from('bdfgklmnprstvz').flatMap((consonant) => Array.from('aeiou', (vowel) => consonant + vowel));
  const vocabulary = Array.from({ length: VOCABULARY }, () =>
    Array.from({ length: 2 + pick(3) }, () => syllables[pick(syllables.length)]).join(''),
  );
  /** Picks a few words often and most words rarely. */
  const word = () => vocabulary[Math.floor(random() ** 3 * VOCABULARY)] ?? '';
  const text = (words: number) => Array.from({ length: words }, word).join(' ');

  function product(n: number): Shelved {
    return {
      _id: `product-${n}`,
      version: 1,
      status: pick(20) > 0 ? 'published' : 'draft',
      name: text(2 + pick(4)),
      description: text(40),
      brand: `brand ${pick(BRANDS)}`,
      categoryId: `category-${pick(CATEGORIES)}`,
      availability: ['in_stock', 'in_stock', 'low_stock', 'out_of_stock'][pick(4)] ?? '',
      attributes: ['Colour', 'Size', 'Material', 'Origin', 'Style'].map((name) => `${name}=${pick(12)}`),
      price: 100 + pick(50_000),
      createdAt: 1_700_000_000_000 + n,
    };
  }

  return { product, word, pick, categories: CATEGORIES };
}
