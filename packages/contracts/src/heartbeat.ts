import { z } from 'zod';
import { event } from './event.js';

/**
 * Published by every replica every 30 seconds, to check that it can publish. It has no subscriber.
 */
export const ServiceHeartbeat = event('service.heartbeat', 1, z.object({ replica: z.string() }));
