// Watches the kernel's beat: without one the numbers are old, and the page says so instead of looking alive.
(() => {
  const LATE = 11000; // after the last beat; two of them may be missed
  const SILENT = 12000; // after everything is loaded, without a first beat
  const AGAIN = 5000;
  const tries = Number(sessionStorage.getItem("view3-tries") ?? 0);
  const PATIENCE = 2 ** tries; // a machine that is only slow gets more time at each try
  const COMPLETE = 45000 * PATIENCE; // for the kernel to start and to write the whole page
  const LIVE = 20000 * PATIENCE; // from then on for the first beat
  const opened = Date.now();
  let complete = 0;
  let last = 0;
  let asking = false;
  const notice = document.querySelector(".view3-stale");
  const told = () => document.querySelector(".view3-checked")?.textContent;

  const say = (sentence) => {
    if (notice.firstElementChild.textContent !== sentence) notice.firstElementChild.textContent = sentence;
    notice.hidden = !sentence;
    document.body.classList.toggle("view3-is-stale", Boolean(sentence));
  };
  // A complete page on which the widgets' place is missing, or an error stands in it, will never come to life.
  const barren = () => {
    const place = document.querySelector("#rendered_cells .jp-OutputArea-child");
    return !place || place.textContent.startsWith("Error displaying widget");
  };
  // What the viewer chose stands in the address: loading the page again loses nothing but the scroll.
  const again = async () => {
    if (asking || document.visibilityState !== "visible") return;
    asking = true;
    try {
      const answer = await fetch(notice.dataset.alive, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status);
      sessionStorage.setItem("view3-tries", Math.min(tries + 1, 5));
      location.reload();
    } catch {
      setTimeout(() => (asking = false), AGAIN); // the server is away as well
    }
  };

  const lost = (now) => {
    if (now - last <= LATE) return say("");
    say(`The live link was lost. These numbers are of ${told() ?? "before"}; trying to get it back.`);
    if (now - last > LATE + AGAIN * PATIENCE) again();
  };
  const silent = (now) => {
    const due = !complete ? opened + COMPLETE : complete + (barren() ? AGAIN * (PATIENCE - 1) : LIVE);
    if (now > due) again();
    const at = told() ? `These numbers are of ${told()}.` : "";
    const late = complete && now - complete > SILENT;
    if (late && tries) return say(`The live link is blocked, by a proxy perhaps. ${at} Trying again from time to time.`);
    say(late || now > due - AGAIN ? `The live link has not started. ${at} Trying again.` : "");
  };
  const look = () => (last ? lost(Date.now()) : silent(Date.now()));
  window.addEventListener("load", () => (complete = Date.now()));

  window.addEventListener("view3-beat", () => {
    last = Date.now();
    sessionStorage.removeItem("view3-tries");
    document.body.setAttribute("data-live", "");
    look();
  });
  notice.querySelector("button").addEventListener("click", () => location.reload());
  setInterval(look, 1000);
})();
