// Shows the seconds until the expiry, and fetches signed URLs by JSON. The pages work without it.
"use strict";

for (const countdown of document.querySelectorAll("[data-expires]")) {
  const end = Number(countdown.dataset.expires) * 1000;
  const total = Math.max(end - Date.now(), 1);
  const seconds = countdown.querySelector("[data-left]");
  const bar = countdown.querySelector("[data-bar]");
  const signed = countdown.closest("[data-signed]");

  const tick = () => {
    const left = end - Date.now();
    seconds.textContent = Math.max(0, Math.ceil(left / 1000));
    bar.style.width = `${Math.max(0, (100 * left) / total)}%`;
    countdown.classList.toggle("hurry", left < 10000);
    if (left > 0) {
      setTimeout(tick, 200);
    } else {
      signed.classList.add("expired");
    }
  };
  tick();
}

for (const link of document.querySelectorAll("[data-fetch]")) {
  const output = link.closest("li").querySelector("pre");
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    output.hidden = false;
    try {
      const response = await (await fetch(link.href)).json();
      const shortened = response.url.replace(/(Signature=.{8})[^&]*/, "$1…");
      const file = await fetch(response.url);
      const bytes = (await file.arrayBuffer()).byteLength;
      output.textContent =
        `{"url": "${shortened}",\n "expires_at": ${response.expires_at}}\n\n` +
        `Fetched from the edge: ${file.status}, ${bytes} bytes`;
    } catch (error) {
      output.textContent = `${error}`;
    }
  });
}
