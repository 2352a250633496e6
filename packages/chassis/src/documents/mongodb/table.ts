import { MongoServerError, type Collection, type Db, type Document } from 'mongodb';
import type { Facet, FacetCount, Row, Shape, Table, Text, Versioned } from '../adapter.js';
import { stems } from '../words.js';
import { beginningWith, filterOf, HIDDEN, orderingOf } from './query.js';

const DUPLICATE_KEY = 11_000;
const MAX_WORDS = 50;
const maxTimeMS = 5_000;

/** A document with what the adapter adds, or a removal. */
interface Stored extends Versioned {
  _removed?: number;
}

interface Word {
  _id: string;
  stems: string[];
}

export async function openTable<T extends Versioned>(db: Db, { name, version, indexes, arrays, searchable }: Shape): Promise<Table<T>> {
  const place = version === 1 ? name : `${name}-${version}`;
  const rows = db.collection<Stored>(place);
  const vocabulary = db.collection<Word>(`${place}-words`);
  await rows.createIndex({ _removed: 1 }, { sparse: true });
  const compound = [...indexes, ...arrays.map((field) => [field]), ...(searchable ? [['_name'], ['_words'], ['_order']] : [])];
  for (const fields of compound) await rows.createIndex(Object.fromEntries([...fields, '_id'].map((field) => [field, 1])));
  if (searchable) await vocabulary.createIndex({ stems: 1 });

  async function write(row: Row<T>, below: number): Promise<boolean> {
    const guard = { _id: row._id, version: { $lt: below } };
    const stored =
      'removed' in row ? { _id: row._id, version: row.version, _removed: row.removed } : { ...row.document, ...hidden(row.text) };
    if ('document' in row) await learn(vocabulary, row.text?.learn ?? []);
    try {
      await rows.replaceOne(guard, stored, { upsert: true });
      return true;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    // The row may be newer than the guard allows, or an older one was inserted at the same moment.
    return (await rows.replaceOne(guard, stored)).matchedCount === 1;
  }

  async function facet(filter: Document, { field, prefix = '', limit }: Facet): Promise<FacetCount[]> {
    const found = rows.aggregate<{ _id: string; count: number }>(
      [
        { $match: filter },
        ...(arrays.includes(field) ? [{ $unwind: `$${field}` }] : []),
        { $match: { [field]: beginningWith(prefix) } }, // no other types, nor documents without a value
        { $group: { _id: `$${field}`, count: { $sum: 1 } } },
        { $sort: { count: -1, _id: 1 } },
        { $limit: limit },
      ],
      { maxTimeMS },
    );
    return (await found.toArray()).map(({ _id: value, count }) => ({ value, count }));
  }

  return {
    write,

    async find(selected, order, { skip, limit }) {
      const { sort, beyond } = orderingOf(order);
      return rows.find<T>(filterOf(selected, ...beyond), { sort, skip, limit, maxTimeMS, projection: HIDDEN }).toArray();
    },

    async ranked(selected, { after, limit }) {
      const { beyond } = orderingOf({ field: '_order', descending: false, ...(after && { after: { value: after.order, id: after.id } }) });
      const options = { sort: { _order: 1, _id: 1 }, limit, maxTimeMS, projection: { _name: 0, _words: 0 } } as const;
      const found = await rows.find<T>(filterOf(selected, ...beyond), options).toArray();
      return found.map((document) => {
        const order = Number(Reflect.get(document, '_order'));
        Reflect.deleteProperty(document, '_order');
        return { order, document };
      });
    },

    count: (selected) => rows.countDocuments(filterOf(selected), { maxTimeMS }),

    facets: async (selected, of) => Promise.all(of.map((each) => facet(filterOf(selected), each))),

    async wordsWith(wanted) {
      const found = vocabulary.find({ stems: { $in: [...wanted] } }, { sort: { _id: 1 }, limit: MAX_WORDS, maxTimeMS });
      return (await found.toArray()).map(({ _id }) => _id);
    },

    async retain(field, value) {
      await rows.deleteMany({ _removed: { $exists: false }, [field]: { $ne: value } });
    },

    async forget(before) {
      await rows.deleteMany({ _removed: { $lt: before } });
    },

    async clear() {
      await rows.deleteMany({});
      await vocabulary.deleteMany({});
    },
  };
}

const hidden = (text: Text | undefined) =>
  text && { _name: text.name, _words: [...new Set([...text.name, ...text.rest])], _order: text.order };

async function learn(vocabulary: Collection<Word>, found: readonly string[]): Promise<void> {
  if (found.length === 0) return;
  const upserts = found.map((word) => ({
    updateOne: { filter: { _id: word }, update: { $setOnInsert: { stems: stems(word) } }, upsert: true },
  }));
  await vocabulary.bulkWrite(upserts, { ordered: false }).catch((error: unknown) => {
    if (!isDuplicate(error)) throw error; // another process has just learnt it
  });
}

const isDuplicate = (error: unknown) => error instanceof MongoServerError && error.code === DUPLICATE_KEY;
