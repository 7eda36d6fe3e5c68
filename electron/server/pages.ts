// The few pages that the server has of its own, for when the app itself cannot be shown.

/** Goes on without the token in the address. A redirect would lose a Strict cookie where another site led here. */
export const enteringPage = page("Stillroom", "Opening …", '<meta http-equiv="refresh" content="0;url=/">');

export const refusedPage = (message: string, hint: string) =>
  page("Stillroom cannot be opened here", `${message} ${hint}`);

export const notBuiltPage = page(
  "The window is not built yet",
  "Run <code>npm run build</code> in the checkout, then reload this page. The command line and the API work already.",
);

function page(title: string, text: string, head = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${head}
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 20vh auto; padding: 0 1rem }</style>
</head>
<body>
<h1>${title}</h1>
<p>${text}</p>
</body>
</html>
`;
}
