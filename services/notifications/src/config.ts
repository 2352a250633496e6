import { z } from 'zod';

/** Query parameters that the URL may have. Any other could turn TLS or the certificate check off. */
const PARAMETERS = ['tls.ca', 'tls.servername'];
const hasKnownParameters = (url: string) => [...new URL(url).searchParams.keys()].every((name) => PARAMETERS.includes(name));

export const Settings = z.object({
  /** Where mails go, e.g. `smtps://user:password@mail.example:465`. Without one, the mail catcher of a local run. */
  SMTP_URL: z
    .url({ protocol: /^smtps?$/, abort: true })
    .refine(hasKnownParameters, `may have no parameters but ${PARAMETERS.join(' and ')}`)
    .default('smtp://127.0.0.1:1025'),
  /** `required`: an `smtp:` connection must upgrade with STARTTLS before anything is sent. `off`: plain text, for a mail catcher. */
  SMTP_TLS: z.enum(['required', 'off']).default('required'),
  /** The sender of every mail. */
  MAIL_FROM: z.string().min(3).max(200).default('Sidecart <shop@shop.example>'),
});
export type Settings = z.infer<typeof Settings>;
