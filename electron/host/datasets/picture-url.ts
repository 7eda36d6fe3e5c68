// A PNG as a data: address, for pictures that travel within events.

export const toPngUrl = (png: Uint8Array): string => `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
