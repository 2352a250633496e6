import type { Deps } from '@sidecart/chassis/service';
import type { KEY_TIMES, Keys } from './keys.js';
import { SigningKeys } from './settings.js';

/**
 * Polls the secret store for new keys. Malformed ones are ignored. Returns a function that stops
 * it.
 */
export function watchKeys({ dapr, logger }: Pick<Deps<unknown>, 'dapr' | 'logger'>, keys: Keys, { lookMs }: typeof KEY_TIMES): () => void {
  let last: string | undefined;

  async function look(): Promise<void> {
    const { SIGNING_KEYS: text } = await dapr.secret('sidecart-identity');
    if (text === undefined || text === last) return;
    last = text;
    const { data, error } = SigningKeys.safeParse(text);
    if (data) keys.replace(data);
    else logger.error({ reason: error.issues.map(({ message }) => message) }, 'new signing keys are malformed; keeping the current ones');
  }

  const timer = setInterval(
    () => void look().catch((error: unknown) => logger.warn({ err: error }, 'cannot read signing keys; keeping the current ones')),
    lookMs,
  );
  return () => clearInterval(timer);
}
