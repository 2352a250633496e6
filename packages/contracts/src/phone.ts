import { z } from 'zod';

/** A phone number in E.164 format. */
export const Phone = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, 'Use a phone number such as +4915112345678.')
  .meta({ examples: ['+4915112345678'] });
