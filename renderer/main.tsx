// Starts the window.
import "@mantine/core/styles.css";
import "./theme/fonts.css";
import "./theme/global.css";
import { MantineProvider } from "@mantine/core";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { resolveVariables, theme } from "./theme/index.ts";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={resolveVariables} defaultColorScheme="auto">
        <App />
      </MantineProvider>
    </StrictMode>,
  );
}
