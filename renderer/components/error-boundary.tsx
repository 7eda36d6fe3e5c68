// Keeps a fault of the page in the part where it happened, and says it as any other error.
import { Component, type ReactNode } from "react";
import { text } from "../text.ts";
import { ErrorPanel } from "./error-panel.tsx";

interface ErrorBoundaryProps {
  readonly children: ReactNode;
}

/** Another key is another try. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly error: Error | undefined }> {
  override state: { readonly error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div style={{ padding: 16 }}>
        <ErrorPanel error={{ code: "page-fault", message: text.fault.message(error.message), hint: text.fault.hint }} />
      </div>
    );
  }
}
