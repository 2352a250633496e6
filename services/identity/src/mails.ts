import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@sidecart/chassis/errors';
import type { Logger } from '@sidecart/chassis/logger';
import type { Mail, Sms } from '@sidecart/contracts/notifications';

type WithoutId<M> = M extends unknown ? Omit<M, 'id'> : never;
export type Post = (message: WithoutId<Mail | Sms>) => void;

export interface MailsOptions {
  sendMail: (mail: Mail) => Promise<unknown>;
  sendSms: (sms: Sms) => Promise<unknown>;
  logger: Logger;
}

const PAUSES_MS = [500, 2_000, 8_000];
const MAX_UNDER_WAY = 1_000;

export type Mails = ReturnType<typeof createMails>;

/**
 * Posts mails and text messages without making anyone wait: an answer that took longer where there is an account would tell that there is one. A mail that
 * cannot be sent is lost with a line in the log; whoever misses a code asks for another.
 */
export function createMails({ sendMail, sendSms, logger }: MailsOptions) {
  const underWay = new Set<Promise<void>>();

  async function insist(mail: Mail | Sms): Promise<void> {
    for (const pause of [...PAUSES_MS, undefined]) {
      try {
        await (mail.template === 'change-phone' ? sendSms(mail) : sendMail(mail));
        return;
      } catch (error) {
        const later = error instanceof DomainError && error.kind === 'unavailable' ? pause : undefined;
        if (later === undefined) return logger.error({ err: error, template: mail.template, userId: mail.userId }, 'message not sent');
        await delay(later);
      }
    }
  }

  const post: Post = (mail) => {
    if (underWay.size >= MAX_UNDER_WAY)
      return logger.error({ template: mail.template, userId: mail.userId }, 'too many messages under way');
    const sending = insist({ ...mail, id: randomUUID() }).finally(() => underWay.delete(sending));
    underWay.add(sending);
  };

  return { post, settled: async (): Promise<void> => void (await Promise.all(underWay)) };
}
