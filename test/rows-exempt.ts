/** Rows of ROWS.md that nothing here can show, each with the reason. */
export const exemptRows: ReadonlyMap<number, string> = new Map([
  [136, 'the server sends no notifications'],
  [137, 'nothing collects rubbish yet: what no manifest refers to stays in a layout'],
]);

/** Rows of LAYOUT-ROWS.md that nothing here can show, each with the reason. */
export const exemptLayoutRows: ReadonlyMap<number, string> = new Map();

const archives = 'archives are neither read nor unpacked yet';

/** Attacks of ATTACKS.md that touch nothing that there is, each with the reason. */
export const exemptAttacks: ReadonlyMap<number, string> = new Map([
  [30, `${archives}, nor are layers decompressed`],
  [31, archives],
  [38, 'the server neither issues nor checks tokens'],
  [44, 'the server knows no accounts, and so no rights that could be taken away'],
  [49, 'the server has no secrets to compare, and what it serves is there for everybody who reaches it'],
]);
