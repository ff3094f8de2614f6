/** Rows of ROWS.md that nothing here can show, each with the reason. */
export const exemptRows: ReadonlyMap<number, string> = new Map([[136, 'the server sends no notifications']]);

/** Rows of LAYOUT-ROWS.md that nothing here can show, each with the reason. */
export const exemptLayoutRows: ReadonlyMap<number, string> = new Map();

/** Attacks of ATTACKS.md that touch nothing that there is, each with the reason. */
export const exemptAttacks: ReadonlyMap<number, string> = new Map([
  [31, 'only what a builder sends is unpacked; who can swap folders meanwhile has the rights of who builds'],
  [38, 'the server neither issues nor checks tokens'],
  [44, 'the server knows no accounts, and so no rights that could be taken away'],
  [49, 'the server has no secrets to compare, and what it serves is there for everybody who reaches it'],
]);
