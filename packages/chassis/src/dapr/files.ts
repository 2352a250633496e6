import { type Dapr, DaprError } from './dapr.js';

/** Files by name in the output binding `files`, whatever storage the component uses. */
export type Files = ReturnType<typeof createFiles>;

export function createFiles({ bind }: Pick<Dapr, 'bind'>) {
  // Each kind of storage has another name for the file's name.
  const named = (name: string) => ({ fileName: name, key: name, blobName: name });

  return {
    /** Creates or replaces a file. */
    async put(name: string, content: Buffer): Promise<void> {
      await bind('files', 'create', named(name), content.toString('base64'));
    },

    /** Returns the content of a file, or `undefined` if there is none. */
    get: (name: string): Promise<Buffer | undefined> => bind('files', 'get', named(name)).catch(ifMissing),

    /** Removes a file, if it exists. */
    async remove(name: string): Promise<void> {
      await bind('files', 'delete', named(name)).catch(ifMissing);
    },
  };
}

function ifMissing(error: unknown): undefined {
  if (error instanceof DaprError && /not found|no such file/i.test(error.body)) return undefined;
  throw error;
}
