// How many runs fit side by side and can still be told apart.
export const MAX_COMPARED = 8;
