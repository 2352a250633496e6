import { z } from 'zod';

export const Settings = z.object({
  /** Where mails go, e.g. `smtps://user:password@mail.example:465`. Without one, the mail catcher of a local run. */
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).default('smtp://127.0.0.1:1025'),
  /** The sender of every mail. */
  MAIL_FROM: z.string().min(3).max(200).default('Sidecart <shop@shop.example>'),
});
export type Settings = z.infer<typeof Settings>;
