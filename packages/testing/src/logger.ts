import type { Logger } from '@sidecart/chassis/logger';
import { pino } from 'pino';

/** Returns a logger whose errors fail the test, unless `expectWarning` announces them. */
export function createTestLogger(service: string): Logger {
  const options = { level: process.env.LOG_LEVEL ?? 'error', base: { service } };
  return pino(options, { write: (line) => console.error(line.trimEnd()) });
}
