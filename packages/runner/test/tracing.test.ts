import { expect, test } from '@jest/globals';
import { tracing } from '../src/shop/tracing.js';

test('sidecars export traces to where the services do', () => {
  expect(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' })).toEqual({
    samplingRate: '1',
    otel: { endpointAddress: '127.0.0.1:4318', isSecure: false, protocol: 'http' },
  });
  const far = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example/otlp', OTEL_TRACES_SAMPLER_ARG: '0.1' };
  expect(tracing(far)).toEqual({ samplingRate: '0.1', otel: { endpointAddress: 'collector.example', isSecure: true, protocol: 'http' } });
});

test('sidecars trace nothing unless an endpoint is named, and one that is no URL is refused', () => {
  expect(tracing({})).toBeUndefined();
  expect(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toBeUndefined();
  expect(() => tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' })).toThrow('OTEL_EXPORTER_OTLP_ENDPOINT is not a URL');
});
