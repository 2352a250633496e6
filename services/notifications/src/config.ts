import { z } from 'zod';

/**
 * The allowed query parameters of the URL. Others could turn off TLS or the check of certificates.
 */
const PARAMETERS = ['tls.ca', 'tls.servername'];
const hasKnownParameters = (url: string) => [...new URL(url).searchParams.keys()].every((name) => PARAMETERS.includes(name));

export const Settings = z.object({
  /**
   * The mail server, for example `smtps://user:password@mail.example:465`. By default the mail
   * catcher of a local run.
   */
  SMTP_URL: z
    .url({ protocol: /^smtps?$/, abort: true })
    .refine(hasKnownParameters, `may only have the parameters ${PARAMETERS.join(' and ')}`)
    .default('smtp://127.0.0.1:1025'),
  /**
   * `required`: an `smtp:` connection must upgrade with STARTTLS before anything is sent. `off`:
   * plain text, for mail catchers.
   */
  SMTP_TLS: z.enum(['required', 'off']).default('required'),
  /** The sender of every mail. */
  MAIL_FROM: z.string().min(3).max(200).default('Sidecart <shop@shop.example>'),
});
export type Settings = z.infer<typeof Settings>;
