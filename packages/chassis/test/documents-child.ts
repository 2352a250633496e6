/** Puts documents into the folder that it is given until it is killed, and says how many were acknowledged. */
import { openDocuments } from '../src/documents/documents.js';
import { aProduct, type Product } from './documents-places.js';

const documents = await openDocuments({ url: `file:${process.argv[2]}` });
const products = await documents.collection<Product>('products', {
  indexes: [
    ['category', 'price'],
    ['category', 'name'],
    ['active', 'price'],
  ],
  arrays: ['tags'],
  text: ({ name }) => ({ name, rest: '' }),
});
for (let n = 0; ; n += 1) {
  await products.put(aProduct({ _id: `p${n}` }));
  if (n === 100) process.send?.(n + 1);
}
