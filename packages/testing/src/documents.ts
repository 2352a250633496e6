import { openDocuments, type Collection, type CollectionOptions, type Documents, type Versioned } from '@sidecart/chassis/documents';

/** One database in memory that any number of replicas may open. */
export async function sharedDocuments(): Promise<Documents> {
  const real = await openDocuments({ url: 'memory:' });
  const opened = new Map<string, object>();
  return {
    async collection<T extends Versioned>(name: string, options: CollectionOptions<T>) {
      const known: unknown = opened.get(name);
      const collection = isCollection<T>(known) ? known : await real.collection<T>(name, options);
      opened.set(name, collection);
      return collection;
    },
    close: async () => undefined,
  };
}

const isCollection = <T extends Versioned>(value: unknown): value is Collection<T> =>
  typeof value === 'object' && value !== null && 'put' in value;

/** The same database, with something done before each document is put; what that throws fails the put. */
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
