import { z } from 'zod';
import { event } from './event.js';

/**
 * Published by every replica now and then. Nobody subscribes to it: it shows the replica whether it
 * can still publish.
 */
export const ServiceHeartbeat = event('service.heartbeat', 1, z.object({ replica: z.string() }));
