// Says in the title bar, and in the window's title, where one is.
import { useEffect } from "react";
import { text } from "../text.ts";
import { type Crumb, title } from "../ui.ts";

export function useCrumbs(...crumbs: Crumb[]): void {
  const key = JSON.stringify(crumbs);
  useEffect(() => {
    const list = JSON.parse(key) as Crumb[];
    title.setState({ crumbs: list });
    document.title = [...list.map(({ label }) => label).reverse(), text.app].join(" – ");
  }, [key]);
}
