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

/** No such route, a bad token, or a path that is not UTF-8. */
const NOWHERE = [404, 401, 400];
/** The slug of the provider that the test configures and does not run. */
const AWAY = '/provider-unavailable';

/** Returns what is wrong with a reply to a request that meets `operation`, or no operation; `undefined` if nothing is. */
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
  if (problem?.['status'] !== status) return 'it is not a problem of its status';
  if (problem['requestId'] !== headers['x-request-id']) return 'the request id of the problem is another';
  if (/node_modules|\bat \/|ECONN|SQLITE|TypeError/.test(String(problem['detail']))) return 'its detail tells of the inside';
  if (status === 401 && headers['www-authenticate'] !== 'Bearer') return 'it does not say how to authenticate';
  if ([429, 503].includes(status) && !/^\d+$/.test(String(headers['retry-after']))) return 'it does not say when to come back';
  return undefined;
}

function parsed(text: string): { json?: ReturnType<typeof JSON.parse> } {
  try {
    return { json: JSON.parse(text) };
  } catch {
    return {};
  }
}
