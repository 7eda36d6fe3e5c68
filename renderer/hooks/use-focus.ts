// Gives an element the focus when it appears in a dialog that is open already, where what had it has just gone.
import { type RefObject, useEffect, useRef } from "react";

export function useFocus<E extends HTMLElement>(): RefObject<E | null> {
  const element = useRef<E>(null);
  useEffect(() => element.current?.focus(), []);
  return element;
}
