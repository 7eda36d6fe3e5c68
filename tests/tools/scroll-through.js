// Runs in the page: steps evenly through the whole height of the grid, and watches frames meanwhile. Of an empty page the
// same, so that frames that the renderer drops anyway are known.
// biome-ignore lint/correctness/noUnusedVariables: the caller puts this file into an expression.
async function scrollThrough(durationMs, isEmpty) {
  let list = document.querySelector("[role=listbox]");
  if (!list) throw new Error("The page shows no grid.");
  if (isEmpty) {
    const content = document.createElement("div");
    content.style.height = `${list.scrollHeight}px`;
    list = document.createElement("div");
    list.style.cssText = "height: 100vh; overflow: auto";
    list.append(content);
    document.body.replaceChildren(list);
  }
  const frames = [];
  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const height = list.scrollHeight - list.clientHeight;
  const started = await nextFrame();
  for (let last = started; last - started < durationMs; ) {
    list.scrollTop = ((last - started) / durationMs) * height;
    const now = await nextFrame();
    frames.push(now - last);
    last = now;
  }
  frames.sort((a, b) => a - b);
  const usual = 1000 / 60;
  return {
    scrolledPixels: Math.round(height),
    framesPerSecond: Math.round((1000 * frames.length) / durationMs),
    droppedFrames: frames.reduce((sum, each) => sum + Math.max(0, Math.round(each / usual) - 1), 0),
    medianFrameMs: Math.round(frames[Math.floor(frames.length / 2)] * 10) / 10,
    worstFrameMs: Math.round(frames[frames.length - 1]),
  };
}
