import { z } from 'zod';
import { ProviderName } from '../accounts/values.js';

export const ByName = z.object({ provider: ProviderName });

export const Secret = z
  .string()
  .regex(/^[\w-]{43}$/, 'must be 32 bytes as base64url')
  .meta({ examples: ['r0apOqAcy1QAeO-wjM9ayczUPosaDzdmqxxg4VdtDmI'] });

export const ReturnTo = z
  .string()
  .max(2_000)
  .meta({ description: 'a path of the shop, or an address at one of the origins in RETURN_ORIGINS', examples: ['/account'] });

const Challenge = Secret.meta({
  description: 'the SHA-256, as base64url, of a random secret that the client keeps for the exchange',
  examples: ['TGM8oGokN7eGtg2joKOv_Jqi-nV0wjCx7yqB7y3fGGw'],
});

export const Start = z
  .strictObject({ returnTo: ReturnTo.optional(), challenge: Challenge.optional() })
  .refine(({ returnTo, challenge }) => (returnTo === undefined) === (challenge === undefined), {
    path: ['challenge'],
    message: 'must be sent together with returnTo',
  });

export const Exchange = z.strictObject({
  code: Secret.meta({ examples: ['hPk2CJMABlQeqFNfiJufJ-akSr8ZU-UgozbI27Yyqwg'] }),
  verifier: Secret,
});

export const Linked = z.object({ linked: ProviderName });

/** Providers add other parameters. Those that matter are signed or checked elsewhere. */
const Parameter = z.string().max(4_096);
export const Callback = z
  .object({
    state: Parameter.optional().meta({ examples: ['hPk2CJMABlQeqFNfiJufJ-akSr8ZU-UgozbI27Yyqwg'] }),
    code: Parameter.optional().meta({ examples: ['4-0AfJohXmT1cQe'] }),
    error: Parameter.optional().meta({ description: 'instead of the code', examples: ['access_denied'] }),
  })
  .catchall(Parameter);
