import type { Answer } from '@sidecart/testing/app';

export interface Browser {
  cookie: string;
  /** Sends a request to identity, without following redirects. */
  go(pathOrUrl: string | URL, headers?: Record<string, string>): Promise<Omit<Answer, 'headers'> & { location: URL | undefined }>;
}

/** A browser that keeps the cookie of identity. Links to `shop` lead to identity at `url`. */
export function openBrowser(url: string, shop: string): Browser {
  const browser: Browser = {
    cookie: '',
    async go(pathOrUrl, headers = {}) {
      const { pathname, search } = new URL(pathOrUrl, shop);
      const answer = await fetch(url + pathname + search, { redirect: 'manual', headers: { cookie: browser.cookie, ...headers } });
      const [set] = answer.headers.getSetCookie();
      if (set) browser.cookie = set.split(';')[0] ?? '';
      const location = answer.headers.get('location');
      const text = await answer.text();
      return {
        status: answer.status,
        location: location === null ? undefined : new URL(location),
        body: location || !text ? undefined : JSON.parse(text),
      };
    },
  };
  return browser;
}
