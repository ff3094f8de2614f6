/** What a request is for, as events tell it: its method and its kind, as in `GET manifest` or `POST upload`. */
export type RequestLabel = `${string} ${string}`;

/** How many requests a run makes at the most, by what they are for. */
export interface Plan {
  readonly requests: Readonly<Record<RequestLabel, number>>;
}
