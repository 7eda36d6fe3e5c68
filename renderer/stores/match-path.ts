// Which of several places an address means: exact words go before ":id".

export function findByPath<T extends { readonly path: string }>(
  places: readonly T[],
  segments: readonly string[],
): T | undefined {
  const fits = ({ path }: T) => {
    const parts = path.split("/");
    return parts.length === segments.length && parts.every((part, i) => part.startsWith(":") || part === segments[i]);
  };
  const wild = ({ path }: T) => path.split("/").filter((part) => part.startsWith(":")).length;
  return places.filter(fits).sort((a, b) => wild(a) - wild(b))[0];
}
