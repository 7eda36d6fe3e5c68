// Class names as folder names that Linux, macOS and Windows all take.

const RESERVED = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)/i;
const MAX_BYTES = 100;

/** One name a class, in order; two that are equal after cleaning (or but for case) get a number. */
export function makeClassFolders(classNames: readonly string[]): string[] {
  const taken = new Set<string>();
  return classNames.map((name) => {
    const clean = cleanName(name);
    let folder = clean;
    for (let copy = 2; taken.has(folder.toLowerCase()); copy++) folder = `${clean}-${copy}`;
    taken.add(folder.toLowerCase());
    return folder;
  });
}

function cleanName(name: string): string {
  const safe = cutBytes(
    name
      .toWellFormed()
      .normalize("NFC")
      .replace(/[<>:"/\\|?*\p{Cc}]/gu, "_"),
  )
    .replace(/[. ]+$/, "") // Windows drops these in silence
    .replace(/^[. ]+/, "");
  return safe === "" ? "class" : safe.replace(RESERVED, "$1_");
}

function cutBytes(text: string): string {
  const encoder = new TextEncoder();
  let out = "";
  let bytes = 0;
  for (const character of text) {
    bytes += encoder.encode(character).length;
    if (bytes > MAX_BYTES) break;
    out += character;
  }
  return out;
}
