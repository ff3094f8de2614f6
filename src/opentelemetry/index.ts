/** What a client does, as spans and metrics of OpenTelemetry. */
export * from './open-telemetry.ts';
