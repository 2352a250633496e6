import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exactTerms, type Collection, type Documents, type Terms } from '../src/documents/documents.js';
import { orderInTier } from '../src/documents/relevance.js';
import { alternatives, stems, words } from '../src/documents/words.js';
import { aProduct, documentsPlaces, openPlace, openProducts, type Product } from './documents-places.js';

describe.each(await documentsPlaces())('a search on $name', (place) => {
  let documents: Documents;
  beforeAll(async () => {
    documents = await openPlace(place);
  });
  afterAll(() => documents.close());
  const products = (...initial: Product[]) => openProducts(documents, ...initial);

  const shelf = [
    aProduct({ _id: '1', name: 'Blue Suede Shoes', description: 'Made for walking.', category: 'shoes', price: 9_000 }),
    aProduct({ _id: '2', name: 'Blüten-Honig, 500g (Größe L)', category: 'food', price: 600 }),
    aProduct({ _id: '3', name: 'Crème brûlée', description: 'A blue flame melts the sugar.', category: 'food', price: 400 }),
    aProduct({ _id: '4', name: 'a'.repeat(40), category: 'food' }),
    aProduct({ _id: '5', name: 'Shoe polish', description: 'Keeps blue shoes blue.', category: 'shoes', price: 700 }),
    aProduct({ _id: '6', name: 'Blue', category: 'paint', price: 500 }),
  ];
  let shop: Collection<Product>;
  beforeAll(async () => {
    shop = await products(...shelf);
  });

  const idsOf = (found: readonly Product[]) => found.map(({ _id }) => _id);
  const find = async (text: string, where = {}) => {
    const terms = await shop.terms(text);
    return idsOf((await shop.find({ where, terms, sort: 'relevance', limit: 10 })).items);
  };

  test.each([
    ['blu', ['6', '1', '2', '5', '3']],
    ['SHOES blue', ['1', '5']],
    ['blue shoes', ['1', '5']],
    ['shoes made', ['1']],
    ['blue honig', []],
    ['blut 500', ['2']],
    ['creme BRÛLÉE', ['3']],
    ['ue', []],
    ['a'.repeat(40), ['4']],
    ['.*', []],
    ['(b|c)', ['3']],
    ['" OR name : *', []],
    ['', []],
  ])('for %j returns what has words that begin with each word, in any order', async (text, ids) => {
    expect(await find(text)).toEqual(ids);
  });

  test('ranks whole words of names before beginnings, names before the rest, and short names first', async () => {
    const found = await products(
      aProduct({ _id: 'rest', name: 'Bowl', description: 'Goes with the tea set.' }),
      aProduct({ _id: 'begins', name: 'Teapot set' }),
      aProduct({ _id: 'partly', name: 'Tea', description: 'A set of three.' }),
      aProduct({ _id: 'long', name: 'Set for drinking tea in the afternoon' }),
      aProduct({ _id: 'short', name: 'Tea set' }),
    );
    const terms = exactTerms('set tea');
    const { items } = await found.find({ terms, sort: 'relevance', limit: 10 });
    expect(idsOf(items)).toEqual(['short', 'long', 'begins', 'partly', 'rest']);
  });

  test('is combined with a filter and any sort, counts, and comes in numbered pages', async () => {
    expect(await find('blue', { category: 'shoes' })).toEqual(['1', '5']);
    const terms = exactTerms('blu');
    const byPrice = await shop.find({ where: { category: { $in: ['shoes', 'food'] } }, terms, sort: 'price', limit: 2 });
    expect(idsOf(byPrice.items)).toEqual(['3', '2']);
    const rest = await shop.find({ where: { category: { $in: ['shoes', 'food'] } }, terms, sort: 'price', limit: 2, after: byPrice.next });
    expect([idsOf(rest.items), rest.next]).toEqual([['5', '1'], undefined]);
    const page = await shop.page({ where: { category: 'shoes' }, terms, sort: '-price', page: 2, limit: 1 });
    expect([idsOf(page.items), page.total]).toEqual([['5'], 2]);
  });

  test('follows what changes: text, removals and what comes back', async () => {
    const changing = await products(aProduct({ _id: '1', name: 'Lamp' }), aProduct({ _id: '2', name: 'Lamp' }));
    const ids = async (text: string) => idsOf((await changing.find({ terms: exactTerms(text), sort: 'relevance', limit: 9 })).items);
    await changing.put(aProduct({ _id: '1', version: 2, name: 'Chair' }));
    expect([await ids('lamp'), await ids('chair')]).toEqual([['2'], ['1']]);
    await changing.remove('1', 3);
    expect(await ids('chair')).toEqual([]);
    await changing.put(aProduct({ _id: '1', version: 4, name: 'Chair' }));
    expect(await ids('chair')).toEqual(['1']);
    await changing.put(aProduct({ _id: '1', version: 5, name: 'Chair', price: 1 }));
    expect((await changing.find({ terms: exactTerms('chair'), sort: 'price', limit: 9 })).items).toMatchObject([{ price: 1 }]);
    await changing.clear();
    expect([await ids('lamp'), await changing.terms('lanp')]).toEqual([[], [['lanp']]]);
  });

  test('is walked by cursor while documents change, come and go', async () => {
    const names = ['tea', 'tea set', 'teapot', 'green tea', 'cup', 'mug'];
    const many = Array.from({ length: 30 }, (_, n) =>
      aProduct({ _id: `p${n}`, name: names[n % names.length] ?? '', description: 'For tea.' }),
    );
    const walked = await products(...many);
    const terms = exactTerms('te');
    const before = (await walked.find({ terms, sort: 'relevance', limit: 100 })).items.map(({ _id }) => _id);
    const met: string[] = [];
    let after: string | undefined;
    for (let turn = 0; turn === 0 || after !== undefined; turn += 1) {
      const part = await walked.find({ terms, sort: 'relevance', limit: 4, after });
      met.push(...idsOf(part.items));
      after = part.next;
      if (turn === 1) await walked.remove(met[2] ?? '', 9);
      if (turn === 2) await walked.remove(met.at(-1) ?? '', 9); // where the cursor points to
      if (turn === 3) await walked.put(aProduct({ _id: 'new', name: 'tea' }));
    }
    expect(met).toEqual(before);
  });

  test('refuses the cursor of another order and one that it did not return', async () => {
    const terms = exactTerms('blu');
    const { next } = await shop.find({ terms, sort: 'price', limit: 1 });
    const forged = Buffer.from(JSON.stringify(['relevance', 99, 0, 'x'])).toString('base64url');
    for (const after of [next, forged, '', '%%']) {
      const refused = { kind: 'invalid', slug: 'cursor' };
      await expect(shop.find({ terms, sort: 'relevance', limit: 1, after })).rejects.toMatchObject(refused);
    }
    await expect(shop.find({ sort: 'relevance', limit: 1 })).rejects.toThrow('needs terms');
  });

  describe('with a typing mistake', () => {
    test.each([
      ['sheos', [['sheos', 'shoes']]],
      ['shos', [['shos', 'shoe', 'shoes']]],
      ['polisch', [['polisch', 'polish']]],
      ['xolish', [['xolish', 'polish']]],
      ['blue polisj', [['blue'], ['polisj', 'polish']]],
    ])('of one letter, %j may stand for known words', async (text, terms) => {
      expect(await shop.terms(text)).toEqual(terms);
      expect(await find(text)).toContain('5');
    });

    test.each(['blxe', 'slux', 'bxx', '50og', 'shoesxx', 'polsxih'])('%j finds nothing: no word is so near', async (text) => {
      const expected = text === 'blxe' ? [['blxe', 'blue']] : [[text]];
      expect(await shop.terms(text)).toEqual(expected);
    });

    test('is not looked for while something has the words as they are typed', async () => {
      const lamps = await products(aProduct({ _id: '1', name: 'Lamp' }), aProduct({ _id: '2', name: 'Lump', category: 'food' }));
      expect(await lamps.terms('lamp')).toEqual([['lamp']]);
      expect(await lamps.terms('lamp', { category: 'food' })).toEqual([['lamp', 'lump']]);
    });
  });

  describe('for suggestions', () => {
    test('looks at names only, the nearest first', async () => {
      const suggest = async (text: string, limit = 10) => idsOf(await shop.suggest({ terms: exactTerms(text), limit }));
      expect(await suggest('blu')).toEqual(['6', '1', '2']);
      expect(await suggest('blu', 2)).toEqual(['6', '1']);
      expect(await suggest('sho bl')).toEqual(['1']);
      expect(await suggest('')).toEqual([]);
      expect(idsOf(await shop.suggest({ where: { category: 'food' }, terms: exactTerms('blu'), limit: 10 }))).toEqual(['2']);
      await expect(suggest('blu', 101)).rejects.toMatchObject({ kind: 'invalid', slug: 'out-of-range' });
    });
  });

  describe('facets', () => {
    const stocked = [
      aProduct({ _id: '1', category: 'tea', name: 'Green tea', tags: ['origin=japan', 'kind=green'], price: 5 }),
      aProduct({ _id: '2', category: 'tea', name: 'Black tea', tags: ['origin=india', 'kind=black'], price: 7 }),
      aProduct({ _id: '3', category: 'tea', name: 'White tea', tags: ['origin=china'], price: 9 }),
      aProduct({ _id: '4', category: 'pots', name: 'Tea pot', tags: ['origin=china'], price: 20 }),
      aProduct({ _id: '5', category: 'pots', name: 'Pot', tags: [], price: 20 }),
    ];
    let stock: Collection<Product>;
    beforeAll(async () => {
      stock = await products(...stocked);
    });

    test('count documents by value, the highest first, equal ones by value', async () => {
      const [categories, tags] = await stock.facets({
        of: [
          { field: 'category', limit: 10 },
          { field: 'tags', limit: 10 },
        ],
      });
      expect(categories).toEqual([
        { value: 'tea', count: 3 },
        { value: 'pots', count: 2 },
      ]);
      expect(tags?.map(({ value, count }) => `${value} ${count}`)).toEqual([
        'origin=china 2',
        'kind=black 1',
        'kind=green 1',
        'origin=india 1',
        'origin=japan 1',
      ]);
    });

    test('count what the filter and the terms leave, values with a prefix, as many as requested', async () => {
      const counts = (query: Parameters<typeof stock.facets>[0]) => stock.facets(query);
      const tags = { field: 'tags', prefix: 'origin=', limit: 1 } as const;
      expect(await counts({ where: { price: { $lte: 9 } }, of: [tags] })).toEqual([[{ value: 'origin=china', count: 1 }]]);
      expect(await counts({ terms: exactTerms('tea'), of: [{ field: 'category', limit: 9 }] })).toEqual([
        [
          { value: 'tea', count: 3 },
          { value: 'pots', count: 1 },
        ],
      ]);
      expect(await counts({ terms: [], of: [tags] })).toEqual([[]]);
      expect(await counts({ where: { $or: [] }, of: [] })).toEqual([]);
    });

    test('count without their own filter, so that another value can be chosen', async () => {
      const narrow = { category: { category: 'tea' }, origin: { tags: { $in: ['origin=china'] } } };
      const [categories, origins, kinds] = await stock.facets({
        narrow,
        of: [
          { field: 'category', limit: 9, except: 'category' },
          { field: 'tags', prefix: 'origin=', limit: 9, except: 'origin' },
          { field: 'tags', prefix: 'kind=', limit: 9 },
        ],
      });
      expect(categories).toEqual([
        { value: 'pots', count: 1 },
        { value: 'tea', count: 1 },
      ]);
      expect(origins).toEqual([
        { value: 'origin=china', count: 1 },
        { value: 'origin=india', count: 1 },
        { value: 'origin=japan', count: 1 },
      ]);
      expect(kinds).toEqual([]);
    });

    test('are bounded in number and in values', async () => {
      const category = { field: 'category', limit: 10 } as const;
      await expect(stock.facets({ of: [{ ...category, limit: 501 }] })).rejects.toMatchObject({ kind: 'invalid', slug: 'out-of-range' });
      await expect(stock.facets({ of: Array.from({ length: 21 }, () => category) })).rejects.toThrow('21 facets');
    });
  });

  test('finds and ranks as a plain array does, whatever the documents and the terms', async () => {
    const [many = []] = fc.sample(someProducts, 1);
    const collection = await products(...many);
    await fc.assert(
      fc.asyncProperty(someTerms, fc.constantFrom(1, 3, 20), async (terms, limit) => {
        const expected = many.filter((product) => tierOf(product, terms) < 4).toSorted((a, b) => before(a, b, terms));
        const found: Product[] = [];
        let after: string | undefined;
        do {
          const part = await collection.find({ terms, sort: 'relevance', limit, after });
          found.push(...part.items);
          after = part.next;
        } while (after !== undefined);
        expect(idsOf(found)).toEqual(idsOf(expected));
        const named = expected.filter((product) => tierOf(product, terms) < 2).slice(0, limit);
        expect(idsOf(await collection.suggest({ terms, limit }))).toEqual(idsOf(named));
        const [facet] = await collection.facets({ terms, of: [{ field: 'category', limit: 9 }] });
        expect(facet?.reduce((sum, { count }) => sum + count, 0)).toBe(expected.length);
      }),
      { numRuns: place.name === 'FerretDB' ? 10 : 60 },
    );
  }, 60_000);
});

const word = fc.constantFrom('a', 'ab', 'abc', 'b', 'ba', 'é', 'ça', 'ß', '漢', '漢字', '1', '12', 'ﬁ');
const sentence = fc.array(word, { maxLength: 4 }).map((all) => all.join(' '));
const someProducts = fc.uniqueArray(
  fc.record({ _id: fc.uuid(), name: sentence, description: sentence, category: fc.constantFrom('a', 'b') }).map(aProduct),
  { selector: ({ _id }) => _id, minLength: 60, maxLength: 80 },
);
const typed = fc.oneof(word, fc.constantFrom('c', 'f', 'A', '漢', 'zz')).map((one) => words(one)[0] ?? '');
const someTerms: fc.Arbitrary<Terms> = fc.array(fc.uniqueArray(typed, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 });

/** How relevant a document is, said once more in the plainest way. 4 is not at all. */
function tierOf({ name, description = '' }: Product, terms: Terms): number {
  const inName = words(name);
  const anywhere = [...inName, ...words(description)];
  const begins = (all: readonly string[]) => (group: readonly string[]) => group.some((one) => all.some((each) => each.startsWith(one)));
  if (!terms.every(begins(anywhere))) return 4;
  if (terms.every((group) => group.some((one) => inName.includes(one)))) return 0;
  if (terms.every(begins(inName))) return 1;
  return terms.some(begins(inName)) ? 2 : 3;
}

function before(a: Product, b: Product, terms: Terms): number {
  return tierOf(a, terms) - tierOf(b, terms) || orderInTier(words(a.name), a._id) - orderInTier(words(b.name), b._id);
}

describe('words', () => {
  test('are lower-case, without diacritics, each once', () => {
    expect(words('Crème BRÛLÉE, crème; ﬁne 漢字 №5 don’t')).toEqual(['creme', 'brulee', 'fine', '漢字', 'no5', 'don', 't']);
  });

  test('are at most 200, of at most 32 characters, out of a text of any length', () => {
    const many = words(Array.from({ length: 100_000 }, (_, n) => `w${n}`).join(' '));
    expect(many).toHaveLength(200);
    expect(words('x'.repeat(1_000_000))).toEqual(['x'.repeat(32)]);
    expect(words('😀'.repeat(10))).toEqual([]);
  });

  test('to search by are at most 8', () => {
    expect(exactTerms('a b c d e f g h i j')).toHaveLength(8);
  });

  test('with one mistake between them have a stem in common, and are alternatives, three at most', () => {
    const letter = fc.constantFrom<string>('a', 'b', 'c', 'é', '漢', '😀');
    const letters = fc.array(letter, { minLength: 4, maxLength: 8 });
    fc.assert(
      fc.property(letters, letter, fc.nat(7), (right, other, at) => {
        const n = at % right.length;
        const swapped = right.toSpliced(n, 2, ...right.slice(n, n + 2).toReversed());
        const mistakes = [right.toSpliced(n, 1), right.toSpliced(n, 0, other), right.with(n, other), swapped];
        for (const mistake of mistakes.map((each) => each.join(''))) {
          if (mistake === right.join('')) continue;
          expect(alternatives(mistake, [right.join('')])).toEqual([right.join('')]);
          expect(stems(mistake).some((stem) => stems(right.join('')).includes(stem))).toBe(true);
        }
      }),
    );
    expect(alternatives('shoes', ['shoes', 'xhoxs', 'hsoex', 'shoesxx'])).toEqual([]);
    expect(alternatives('conpass', ['xonpass', 'compass', 'conpas', 'conpast', 'conpassed'])).toEqual(['compass', 'conpast', 'conpas']);
  });
});
