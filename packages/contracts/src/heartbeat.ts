import { z } from 'zod';
import { event } from './event.js';

/** Published by every replica now and then, and heard by nobody: a replica that can no longer publish learns of it. */
export const ServiceHeartbeat = event('service.heartbeat', 1, z.object({ replica: z.string() }));
