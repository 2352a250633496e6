import { expect } from '@jest/globals';

/**
 * Matches a reply that is a problem (RFC 9457) with this status and slug, and has the members
 * `more` in its body.
 */
export const problem = (status: number, slug: string, more: object = {}) => ({
  status,
  body: { type: expect.stringMatching(new RegExp(`/${slug}$`)), ...more },
});
