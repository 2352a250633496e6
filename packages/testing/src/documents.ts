import { openDocuments, type Collection, type CollectionOptions, type Documents, type Versioned } from '@sidecart/chassis/documents';

/** Opens a database in memory that several replicas can share. */
export async function sharedDocuments(): Promise<Documents> {
  const real = await openDocuments({ url: 'memory:' });
  const opened = new Map<string, object>();
  return {
    async collection<T extends Versioned>(name: string, options: CollectionOptions<T>) {
      const shared: unknown = opened.get(name);
      const collection = isCollection<T>(shared) ? shared : await real.collection<T>(name, options);
      opened.set(name, collection);
      return collection;
    },
    close: async () => undefined,
  };
}

const isCollection = <T extends Versioned>(value: unknown): value is Collection<T> =>
  typeof value === 'object' && value !== null && 'put' in value;

/** Returns the same database, which calls `run` before it saves a document. An error of `run` fails the save. */
export const beforePut = (documents: Documents, run: (collection: string) => Promise<unknown>): Documents => ({
  ...documents,
  async collection<T extends Versioned>(name: string, options: CollectionOptions<T>) {
    const collection = await documents.collection<T>(name, options);
    const put: typeof collection.put = async (document) => {
      await run(name);
      return collection.put(document);
    };
    return { ...collection, put };
  },
});
