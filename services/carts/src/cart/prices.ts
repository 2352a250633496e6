import { DomainError } from '@sidecart/chassis/errors';
import type { SkuQuote } from '@sidecart/contracts/catalog';

/** The service catalog, as a cart calls it. */
export interface Catalog {
  quote: (input: { sku: string }) => Promise<SkuQuote>;
}

/** Returns the quote of a SKU, or `undefined` if it is not for sale. */
export type Prices = (sku: string) => Promise<SkuQuote | undefined>;

/** Opens the prices of one request. Each SKU is quoted once, from when it is first asked for. */
export function openPrices({ quote }: Catalog): Prices {
  const asked = new Map<string, Promise<SkuQuote | undefined>>();

  return (sku) => {
    const before = asked.get(sku);
    if (before) return before;
    const quoted = quote({ sku }).catch((error: unknown) => {
      if (error instanceof DomainError && error.kind === 'missing') return undefined;
      throw error;
    });
    quoted.catch(() => undefined); // the caller that awaits it gets the error
    asked.set(sku, quoted);
    return quoted;
  };
}
