/** This package's version, as `package.json` says it; a test keeps the two together. */
export const version: string = '0.1.0';
