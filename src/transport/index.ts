/** HTTP as the client needs it: how requests are sent, and what may go where. */
export { headerValue, headerValues, type HeaderFields } from '../protocol/index.ts';
export * from './backoff.ts';
export * from './clock.ts';
export * from './event.ts';
export { faultOf, type Fault } from './failure.ts';
export * from './fetch.ts';
export * from './observe.ts';
export * from './origin.ts';
export * from './proxy.ts';
export * from './redirect.ts';
export * from './retry.ts';
export type { Limiter } from './schedule/limiter.ts';
export type { Pace, Rate } from './schedule/pace.ts';
export * from './schedule/schedule.ts';
export { sharedBurst } from './schedule/shared-bucket.ts';
export type { TlsSettings, TlsSource } from './tls.ts';
export * from './transport.ts';
export * from './undici.ts';
