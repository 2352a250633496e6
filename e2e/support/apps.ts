import { appsOf, readServices } from '@sidecart/runner/services';

/** The list of services, as in `charts/sidecart/services.yaml`. */
export const SERVICES = await readServices();

/** The ids of the services that have a sidecar. */
export const APPS: readonly string[] = appsOf(SERVICES);
