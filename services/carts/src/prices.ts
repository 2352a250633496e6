import { DomainError } from '@sidecart/chassis/errors';
import type { SkuQuote } from '@sidecart/contracts/catalog';

/** Catalog, as a cart sees it. */
export interface Catalog {
  quote: (input: { sku: string }) => Promise<SkuQuote>;
}

export type Prices = ReturnType<typeof openPrices>;

/** The prices of one request: each SKU is quoted once, from when it is first named. Answers nothing for what is not for sale. */
export function openPrices({ quote }: Catalog) {
  const asked = new Map<string, Promise<SkuQuote | undefined>>();

  return function price(sku: string): Promise<SkuQuote | undefined> {
    const known = asked.get(sku);
    if (known) return known;
    const quoted = quote({ sku }).catch((error: unknown) => {
      if (error instanceof DomainError && error.kind === 'missing') return undefined;
      throw error;
    });
    quoted.catch(() => undefined); // whoever waits for it hears of it
    asked.set(sku, quoted);
    return quoted;
  };
}
