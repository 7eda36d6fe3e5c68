// Mantine's theme, set once from the tokens: copper, IBM Plex, 13 px, a 4 px grid, radius 6, quick motion.
import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from "@mantine/core";
import { darkVariables, lightVariables, token } from "./tokens.ts";

const ten = (value: string): MantineColorsTuple =>
  [value, value, value, value, value, value, value, value, value, value] as const;

/** Copper carries its own text colour in either scheme, which Mantine's shades cannot. */
const resolveVariant: VariantColorsResolver = (input) => {
  if (input.color && input.color !== "copper" && input.color !== "bad") return defaultVariantColorsResolver(input);
  const colour = token(input.color === "bad" ? "bad" : "accent");
  const none = "transparent";
  switch (input.variant) {
    case "filled":
      return {
        background: colour,
        hover: input.color === "bad" ? colour : token("accent-hover"),
        color: input.color === "bad" ? token("page") : token("on-accent"),
        border: `1px solid ${none}`,
      };
    case "subtle":
      return { background: none, hover: token("hover"), color: colour, border: `1px solid ${none}` };
    case "light":
      return { background: token("accent-soft"), hover: token("hover"), color: colour, border: `1px solid ${none}` };
    case "outline":
      return { background: none, hover: token("hover"), color: colour, border: `1px solid ${colour}` };
    default:
      return defaultVariantColorsResolver(input);
  }
};

const sans = '"IBM Plex Sans", system-ui, sans-serif';
const mono = '"IBM Plex Mono", ui-monospace, monospace';

export const theme = createTheme({
  fontFamily: sans,
  fontFamilyMonospace: mono,
  headings: { fontFamily: sans, fontWeight: "600" },
  fontSizes: { xs: "12px", sm: "13px", md: "13px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "1.4", sm: "1.45", md: "1.5", lg: "1.5", xl: "1.3" },
  spacing: { xs: "4px", sm: "8px", md: "12px", lg: "16px", xl: "24px" },
  radius: { xs: "3px", sm: "4px", md: "6px", lg: "6px", xl: "6px" },
  defaultRadius: "md",
  colors: { copper: ten(token("accent")), bad: ten(token("bad")) },
  primaryColor: "copper",
  variantColorResolver: resolveVariant,
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "xs" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: 28 } },
    TextInput: { defaultProps: { size: "xs" } },
    NumberInput: { defaultProps: { size: "xs" } },
    Select: { defaultProps: { size: "xs", withCheckIcon: false, comboboxProps: { shadow: "sm" } } },
    MultiSelect: { defaultProps: { size: "xs" } },
    SegmentedControl: { defaultProps: { size: "xs" }, styles: { root: { background: token("hover") } } },
    InputWrapper: { styles: { description: { fontSize: 12 }, error: { fontSize: 12 }, label: { fontWeight: 500 } } },
    Checkbox: { defaultProps: { size: "xs" }, styles: { description: { fontSize: 12 }, label: { fontSize: 13 } } },
    Tooltip: { defaultProps: { openDelay: 300, transitionProps: { duration: 100 }, withArrow: false } },
    Modal: {
      defaultProps: { centered: true, transitionProps: { duration: 100 }, overlayProps: { backgroundOpacity: 0.4 } },
      styles: {
        content: { background: token("raised") },
        header: { background: token("raised") },
        title: { fontWeight: 600 },
      },
    },
    Menu: { defaultProps: { transitionProps: { duration: 80 }, shadow: "sm" } },
  },
});

/** Mantine's own colours follow the tokens, so that its components need no styling of their own. */
const mantineVariables = {
  "--mantine-color-body": token("page"),
  "--mantine-color-text": token("text"),
  "--mantine-color-dimmed": token("secondary"),
  "--mantine-color-placeholder": token("secondary"),
  "--mantine-color-anchor": token("accent"),
  "--mantine-color-error": token("bad"),
  "--mantine-color-default": token("raised"),
  "--mantine-color-default-hover": token("hover"),
  "--mantine-color-default-color": token("text"),
  "--mantine-color-default-border": token("line"),
  "--mantine-color-gray-light-hover": token("hover"),
  "--mantine-color-gray-light-color": token("secondary"),
  "--mantine-color-gray-text": token("secondary"),
  "--mantine-color-disabled": token("hover"),
  "--mantine-color-disabled-color": token("faint"),
  "--mantine-primary-color-filled": token("accent"),
  "--mantine-primary-color-filled-hover": token("accent-hover"),
  "--mantine-primary-color-contrast": token("on-accent"),
};

export const resolveVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { ...lightVariables, ...mantineVariables },
  dark: { ...darkVariables, ...mantineVariables },
});
