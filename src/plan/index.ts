/** How many requests a run is going to make, before it makes them. */
export * from './plan.ts';
