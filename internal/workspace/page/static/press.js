// A press is a way down and a way up. What is drawn anew between the two loses it, so drawing waits until it is over.

const patience = 5000; // ms; whoever presses longer than that drags, or the way up was never told

let pressed = 0;
const waiting = new Set();

// whenFree runs a drawing at once, or after the press that is under way.
export function whenFree(draw) {
  if (pressed) waiting.add(draw);
  else draw();
}

function release() {
  clearTimeout(pressed);
  pressed = 0;
  const draws = [...waiting];
  waiting.clear();
  draws.forEach((draw) => draw());
}

function hold(after) {
  clearTimeout(pressed);
  pressed = setTimeout(release, after);
}

document.addEventListener('pointerdown', () => hold(patience), true);
// The click comes after the way up, so what waits is drawn a moment later.
for (const over of ['pointerup', 'pointercancel']) document.addEventListener(over, () => hold(30), true);
addEventListener('blur', release);
