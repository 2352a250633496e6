import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { routeOf, type Operation, type Schema } from '../../support/openapi.js';

export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

const ajv = new Ajv2020({ strict: false });
ajvFormats.default(ajv);
const validators = new Map<string, ReturnType<typeof ajv.compile>>();

function misfit(schema: Schema, operation: Operation, key: string, value: unknown): string | undefined {
  const validate = validators.get(key) ?? ajv.compile({ ...schema, components: operation.components });
  validators.set(key, validate);
  return validate(value) ? undefined : ajv.errorsText(validate.errors);
}

/** Unknown route, bad token, or a path that is not UTF-8. */
const NOWHERE = [404, 401, 400];
/**
 * The slug when the sign-in provider, which the test configures but does not run, cannot be
 * reached.
 */
const AWAY = '/provider-unavailable';

/**
 * Returns what is wrong with a reply, or `undefined` if it is right. `operation` is the one that
 * the request reached, if any.
 */
export function faultOf(operation: Operation | undefined, method: string, { status, headers, text }: Reply): string | undefined {
  if (headers['x-request-id'] === undefined) return 'there is no x-request-id';
  if (method === 'OPTIONS' && status === 204) return undefined;
  const body = parsed(text);
  const isAway = status === 503 && (method === 'HEAD' ? operation?.path.includes('{provider}') : body.json?.type?.endsWith(AWAY));
  if (status >= 500 && !isAway) return `it failed with ${status}`;
  if (status >= 400 && method !== 'HEAD') {
    const fault = problemFault(status, headers, body.json);
    if (fault) return fault;
  }
  if (!operation) return NOWHERE.includes(status) ? undefined : `${status} for a route that does not exist`;
  const described = operation.responses[status];
  if (!described) return `${status} is not documented`;
  const [media, { schema } = {}] = Object.entries(described.content)[0] ?? [];
  if (media === undefined || method === 'HEAD') return text === '' ? undefined : 'it has a body';
  const type = String(headers['content-type']).split(';')[0];
  if (type !== media) return `it is ${type}, not ${media}`;
  if (!schema) return undefined;
  if (!('json' in body)) return 'it is not JSON';
  return misfit(schema, operation, `${operation.service} ${routeOf(operation)} ${status}`, body.json);
}

function problemFault(status: number, headers: Reply['headers'], problem: Record<string, unknown> | undefined): string | undefined {
  if (problem?.['status'] !== status) return 'its problem has another status';
  if (problem['requestId'] !== headers['x-request-id']) return 'its problem has another request id';
  if (/node_modules|\bat \/|ECONN|SQLITE|TypeError/.test(String(problem['detail']))) return 'its detail reveals internals';
  if (status === 401 && headers['www-authenticate'] !== 'Bearer') return 'it does not say how to authenticate';
  if ([429, 503].includes(status) && !/^\d+$/.test(String(headers['retry-after']))) return 'it has no Retry-After';
  return undefined;
}

function parsed(text: string): { json?: ReturnType<typeof JSON.parse> } {
  try {
    return { json: JSON.parse(text) };
  } catch {
    return {};
  }
}
