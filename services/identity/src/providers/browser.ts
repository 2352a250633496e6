import type { Request, Response } from 'express';
import { ATTEMPT_SECONDS, secret } from './attempt.js';

export type BrowserCookie = ReturnType<typeof createBrowserCookie>;

/** The cookie that binds a sign-in to the browser that started it. */
export function createBrowserCookie(origin: string) {
  const secure = origin.startsWith('https:');
  // With this prefix, browsers accept the cookie over HTTPS only, and from this host only.
  const name = secure ? '__Host-sidecart_sign_in' : 'sidecart_sign_in';
  const pattern = new RegExp(`(?:^|; )${name}=([\\w-]{43})(?:;|$)`);

  const read = ({ headers }: Request): string | undefined => pattern.exec(headers.cookie ?? '')?.[1];

  return {
    read,
    /**
     * Returns the value of the cookie, which all tabs of a browser share, and sets or renews it.
     */
    ensure(req: Request, res: Response): string {
      const browser = read(req) ?? secret();
      const maxAge = ATTEMPT_SECONDS * 1_000;
      res.cookie(name, browser, { httpOnly: true, sameSite: 'lax', secure, path: '/', maxAge });
      return browser;
    },
  };
}
