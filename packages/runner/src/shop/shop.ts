/** The whole shop: the services, the edge in front of them, and the mail catcher. */
import { startEdge } from '../edge/edge.js';
import { startMailCatcher } from '../mail/mail-catcher.js';
import { freePorts } from './ports.js';
import { root } from '../tools/root.js';
import { startSystem, type System, type SystemOptions } from './system.js';

/** High limits per place, because everyone on one machine is in the same place. */
const ONE_PLACE = '100000';

export interface ShopOptions extends SystemOptions {
  /** Ports of the edge, the mail catcher's page and its SMTP server. Free ones by default. */
  ports?: { edge: number; mails: number; smtp: number };
}

/** For `env`: rate limits that are out of reach of tests, which all use one address. */
export const HIGH_LIMITS = { RATE_LIMIT_PER_ADDRESS: '1000000', RATE_LIMIT_PER_ACCOUNT: '1000000' };

export interface Shop {
  /** `http://127.0.0.1:<port>` of the edge and of the mail catcher's page. */
  edge: string;
  mails: string;
  system: System;
  /** Stops everything. */
  stop(): Promise<void>;
}

/** Starts everything and waits until it is ready. If that fails, nothing is left running. */
export async function startShop({ ports, project = root, ...options }: ShopOptions): Promise<Shop> {
  const [edgePort = 0, mailPort = 0, smtpPort = 0] = ports ? [ports.edge, ports.mails, ports.smtp] : await freePorts(3);
  const undo: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const mails = await startMailCatcher({ smtpPort, httpPort: mailPort });
    undo.push(() => mails.close());
    const own = {
      SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
      SMTP_TLS: 'off', // the mail catcher, on this machine
      REGISTRATIONS_PER_PLACE: process.env['REGISTRATIONS_PER_PLACE'] ?? ONE_PLACE,
      MAILS_PER_PLACE: process.env['MAILS_PER_PLACE'] ?? ONE_PLACE,
      PUBLIC_URL: `http://localhost:${edgePort}`,
      WEBHOOK_URL: `http://127.0.0.1:${edgePort}/api/payments/webhook`,
    };
    const system = await startSystem({ ...options, project, env: { ...own, ...options.env } });
    undo.push(() => system.stop());
    const edge = await startEdge({ port: edgePort, targets: system.urls, services: system.services, project, mailPage: mails.url });
    undo.push(() => edge.close());
    return { edge: edge.url, mails: mails.url, system, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
