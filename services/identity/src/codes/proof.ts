import type { Docs } from '@sidecart/chassis/state';
import { z } from 'zod';
import { Digits, Email } from '../accounts/schemas.js';
import { ownerKey } from '../accounts/store.js';
import { emailKeyOf } from '../accounts/user.js';
import type { Client } from '../client.js';
import type { Purpose } from './code.js';
import { noAccount, type Redemption } from './store.js';

/** `<holder>.<secret>` */
const LinkToken = z
  .string()
  .regex(/^[\w-]{1,64}\.[\w-]{43}$/, 'must be the token of a link that was mailed')
  .meta({ examples: ['5b1f7c7e-2f0a-4c39-9d6e-1a8f3b2c4d5e.75uPeE6VB9b7Hm3sZjvZA2LBKWABTJPDPqpWsjmMcao'] });

/**
 * What a mail contained: a code, sent with the email address it went to, or the token of a link.
 */
export const proofFields = { email: Email.optional(), code: Digits.optional(), token: LinkToken.optional() };

interface ProofFields {
  email?: string | undefined;
  code?: string | undefined;
  token?: string | undefined;
}

export const isOneProof = ({ email, code, token }: ProofFields): boolean =>
  token === undefined ? email !== undefined && code !== undefined : email === undefined && code === undefined;

export const ONE_PROOF = { message: 'send either email and code, or token', path: ['token'] };

/** What `redemptionOf` reads. */
export const proofKeys = ({ email }: ProofFields) => (email === undefined ? [] : [ownerKey(emailKeyOf(email))]);

export function redemptionOf(docs: Docs, purpose: Purpose, { email = '', code = '', token }: ProofFields, from: Client): Redemption {
  const [holder = '', link = ''] = token?.split('.') ?? [];
  if (token !== undefined) return { purpose, holder, proof: { link }, from };
  const emailKey = emailKeyOf(email);
  return { purpose, holder: docs.get(ownerKey(emailKey)) ?? noAccount(emailKey), proof: { digits: code }, from };
}
