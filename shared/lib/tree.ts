// Trees of values: plain objects and arrays whose leaves are of one kind, flattened with a path for each leaf.

export type Tree<T> = T | readonly Tree<T>[] | { readonly [name: string]: Tree<T> };

/** The leaves in order of their keys' insertion, each with its path, e.g. `blocks.0.weight`. */
export function flattenTree<T>(tree: Tree<T>, isLeaf: (node: unknown) => node is T): { path: string; leaf: T }[] {
  const out: { path: string; leaf: T }[] = [];
  const visit = (node: Tree<T>, path: string): void => {
    if (isLeaf(node)) {
      out.push({ path, leaf: node });
      return;
    }
    for (const [name, child] of Object.entries(node as Record<string, Tree<T>>)) {
      if (child !== undefined) visit(child, path ? `${path}.${name}` : name);
    }
  };
  visit(tree, "");
  return out;
}

/** A tree of the same form with each leaf replaced. */
export function mapTree<T, U>(
  tree: Tree<T>,
  isLeaf: (node: unknown) => node is T,
  replace: (leaf: T, path: string) => U,
): Tree<U> {
  const visit = (node: Tree<T>, path: string): Tree<U> => {
    if (isLeaf(node)) return replace(node, path);
    const child = (name: string | number, value: Tree<T>) => visit(value, path ? `${path}.${name}` : `${name}`);
    if (Array.isArray(node)) return node.map((value: Tree<T>, index) => child(index, value));
    const entries = Object.entries(node as Record<string, Tree<T>>).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries.map(([name, value]) => [name, child(name, value)]));
  };
  return visit(tree, "");
}
