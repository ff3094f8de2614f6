/** The grammar of the distribution protocol, written once for client and server. */
export * from './error-body.ts';
export * from './field.ts';
export * from './header.ts';
export * from './link.ts';
export * from './quota.ts';
export * from './range.ts';
export * from './retry-after.ts';
export * from './request-kind.ts';
export * from './route.ts';
export * from './warning.ts';
