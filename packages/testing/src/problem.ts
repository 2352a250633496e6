import { expect } from '@jest/globals';

/**
 * Matches an answer that is a problem (RFC 9457) with this status and slug. `more` are further
 * members of its body.
 */
export const problem = (status: number, slug: string, more: object = {}) => ({
  status,
  body: { type: expect.stringMatching(new RegExp(`/${slug}$`)), ...more },
});
