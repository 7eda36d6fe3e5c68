// HTML as tagged templates: every value is escaped unless it is markup already.

export type Markup = { readonly text: string };
type Value = string | number | Markup | readonly Markup[];

export function html(parts: TemplateStringsArray, ...values: Value[]): Markup {
  let text = parts[0] ?? "";
  values.forEach((value, i) => {
    text += render(value) + (parts[i + 1] ?? "");
  });
  return { text };
}

/** Marks a text of ours as markup. */
export const raw = (text: string): Markup => ({ text });

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function render(value: Value): string {
  if (typeof value === "string") return escapeHtml(value);
  if (typeof value === "number") return String(value);
  return "text" in value ? value.text : value.map(({ text }) => text).join("\n");
}
