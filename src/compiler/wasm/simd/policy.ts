/** For tests: whether every region that can goes by fours, worth it or not; and how many vectors go together (0: as many as seem good). */
export const lanePolicy: { always: boolean; quads: number } = { always: false, quads: 0 };
