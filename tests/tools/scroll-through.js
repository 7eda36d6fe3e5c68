// Runs in the page: steps evenly through the whole height of the grid, and watches frames and tasks meanwhile.
// biome-ignore lint/correctness/noUnusedVariables: the caller puts this file into an expression.
async function scrollThrough(durationMs) {
  const list = document.querySelector("[role=listbox]");
  if (!list) throw new Error("The page shows no grid.");
  const tasks = [];
  const observer = new PerformanceObserver((found) => tasks.push(...found.getEntries().map((each) => each.duration)));
  observer.observe({ entryTypes: ["longtask"] });
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
  observer.disconnect();
  frames.sort((a, b) => a - b);
  const usual = 1000 / 60;
  return {
    scrolledPixels: Math.round(height),
    seconds: durationMs / 1000,
    frames: frames.length,
    framesPerSecond: Math.round((1000 * frames.length) / durationMs),
    droppedFrames: frames.reduce((sum, each) => sum + Math.max(0, Math.round(each / usual) - 1), 0),
    medianFrameMs: Math.round(frames[Math.floor(frames.length / 2)] * 10) / 10,
    worstFrameMs: Math.round(frames[frames.length - 1]),
    longTasks: tasks.length,
    longestTaskMs: Math.round(Math.max(0, ...tasks)),
    elements: list.querySelectorAll("*").length,
  };
}
