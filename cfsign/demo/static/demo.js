// Counts the seconds of what is lent, and fetches by JSON. All else works without it.
"use strict";

for (const countdown of document.querySelectorAll("[data-expires]")) {
  const end = Number(countdown.dataset.expires) * 1000;
  const whole = Math.max(end - Date.now(), 1);
  const seconds = countdown.querySelector("[data-left]");
  const bar = countdown.querySelector("[data-bar]");
  const loan = countdown.closest("[data-loan]");

  const tick = () => {
    const left = end - Date.now();
    seconds.textContent = Math.max(0, Math.ceil(left / 1000));
    bar.style.width = `${Math.max(0, (100 * left) / whole)}%`;
    countdown.classList.toggle("hurry", left < 10000);
    if (left > 0) {
      setTimeout(tick, 200);
    } else {
      loan.classList.add("over");
    }
  };
  tick();
}

for (const link of document.querySelectorAll("[data-fetch]")) {
  const shown = link.closest("li").querySelector("pre");
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    shown.hidden = false;
    try {
      const answer = await (await fetch(link.href)).json();
      const short = answer.url.replace(/(Signature=.{8})[^&]*/, "$1…");
      const file = await fetch(answer.url);
      const bytes = (await file.arrayBuffer()).byteLength;
      shown.textContent =
        `{"url": "${short}",\n "expires_at": ${answer.expires_at}}\n\n` +
        `Fetched from the edge: ${file.status}, ${bytes} bytes`;
    } catch (error) {
      shown.textContent = `${error}`;
    }
  });
}
