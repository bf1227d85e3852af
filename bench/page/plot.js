// Draws the lines of each figure from the JSON inside it, with uPlot, and has them
// follow the window, the colour scheme, the printer, the pointer and the keyboard.
(() => {
  "use strict";

  const plots = [];

  // color is what a CSS variable stands for now, as a canvas understands it.
  const probe = document.body.appendChild(document.createElement("span"));
  probe.hidden = true;
  const color = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };

  const text = (value) => String(Number(value.toPrecision(4)));

  // marks are outlines of radius r around x, y.
  const marks = {
    circle: (p, x, y, r) => p.arc(x, y, r, 0, 2 * Math.PI),
    square: (p, x, y, r) => p.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r),
    triangle: (p, x, y, r) => polygon(p, [[x, y - 1.2 * r], [x + 1.1 * r, y + 0.9 * r], [x - 1.1 * r, y + 0.9 * r]]),
    diamond: (p, x, y, r) => polygon(p, [[x, y - 1.3 * r], [x + 1.3 * r, y], [x, y + 1.3 * r], [x - 1.3 * r, y]]),
  };

  function polygon(path, corners) {
    corners.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
    path.closePath();
  }

  function cross(path, x, y, r) {
    path.moveTo(x - r, y - r);
    path.lineTo(x + r, y + r);
    path.moveTo(x - r, y + r);
    path.lineTo(x + r, y - r);
  }

  // paint runs draw on the canvas of a plot and leaves uPlot's own settings as they were.
  function paint(u, draw) {
    u.ctx.save();
    u.ctx.setLineDash([]);
    draw(u.ctx, uPlot.pxRatio);
    u.ctx.restore();
  }

  function drawMarks(u, curve, ys) {
    paint(u, (ctx, ratio) => {
      ctx.fillStyle = ctx.strokeStyle = color(curve.style.color);
      ctx.lineWidth = 2 * ratio;
      ys.forEach((y, i) => {
        if (y === null) return;
        const invalid = curve.invalid.includes(i);
        const shape = invalid ? cross : marks[curve.style.mark];
        ctx.beginPath();
        shape(ctx, u.valToPos(u.data[0][i], "x", true), u.valToPos(y, "y", true), 4 * ratio);
        if (invalid) ctx.stroke();
        else ctx.fill();
      });
    });
  }

  // drawGoals draws the limits across, and rings with a plumb line where a curve keeps them.
  function drawGoals(u, plot) {
    paint(u, (ctx, ratio) => {
      const { left, top, width, height } = u.bbox;
      ctx.lineWidth = ratio;
      ctx.strokeStyle = color("ink");
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      for (const limit of new Set(plot.limits ?? [])) {
        const y = u.valToPos(limit, "y", true);
        ctx.beginPath();
        ctx.moveTo(left, y);
        ctx.lineTo(left + width, y);
        ctx.stroke();
      }
      for (const spot of plot.spots ?? []) {
        if (!u.series[spot.curve + 1].show) continue;
        const x = u.valToPos(spot.x, "x", true);
        const y = u.valToPos(spot.y, "y", true);
        ctx.strokeStyle = color(plot.curves[spot.curve].style.color);
        ctx.lineWidth = ratio;
        ctx.setLineDash([2 * ratio, 3 * ratio]);
        ctx.beginPath();
        ctx.moveTo(x, y + 6 * ratio);
        ctx.lineTo(x, top + height);
        ctx.stroke();
        ctx.setLineDash([]);
        ctx.lineWidth = 2 * ratio;
        ctx.fillStyle = color("card");
        ctx.beginPath();
        ctx.arc(x, y, 6 * ratio, 0, 2 * Math.PI);
        ctx.fill();
        ctx.stroke();
      }
    });
  }

  // tell writes the numbers below the cursor into the tip.
  function tell(u, plot, tip) {
    const i = u.cursor.idx;
    tip.replaceChildren();
    if (i === null || i === undefined || u.cursor.left < 0) return;
    line(`${plot.x.name}: ${text(u.data[0][i])}`);
    plot.curves.forEach((curve, n) => {
      const y = u.data[n + 1][i];
      if (y === null || !u.series[n + 1].show) return;
      const late = curve.invalid.includes(i) ? " (not valid)" : "";
      line(`${curve.name}: ${text(y)}${late}`, curve.style.color);
    });
    const onTheRight = u.cursor.left < u.over.clientWidth / 2;
    tip.style.left = onTheRight ? "auto" : `${u.over.offsetLeft + 6}px`;
    tip.style.right = onTheRight ? "6px" : "auto";

    function line(words, name) {
      const p = tip.appendChild(document.createElement("p"));
      if (name) p.appendChild(document.createElement("i")).style.background = `var(--${name})`;
      p.append(words);
    }
  }

  function axis(of, size) {
    return {
      label: of.name,
      labelSize: 20,
      size,
      gap: 6,
      space: of.log ? 20 : 48,
      splits: of.log ? (u, n, from, to) => powers(from, to) : null,
      font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif",
      stroke: () => color("muted"),
      grid: { stroke: () => color("grid"), width: 1 },
      ticks: { show: false },
      filter: (_, at) => at,
      values: (_, at) => at.map(text),
    };
  }

  // powers are the steps of a logarithmic axis: 1, 2, 5, 10, or powers of 10 alone if those are many.
  function powers(from, to) {
    const steps = to / from > 2000 ? [1] : [1, 2, 5];
    const at = [];
    for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++) {
      at.push(...steps.map((step) => Number(`${step}e${power}`)).filter((v) => v >= from && v <= to));
    }
    return at;
  }

  function make(box, group) {
    const plot = JSON.parse(box.querySelector("script").textContent);
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.setAttribute("aria-live", "polite");
    const u = new uPlot({
      width: box.clientWidth,
      height: box.clientHeight,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: group }, points: { size: 11 } },
      scales: {
        x: { time: false, range: [plot.x.from, plot.x.to] },
        y: { distr: plot.y.log ? 3 : 1, range: [plot.y.from, plot.y.to] },
      },
      padding: [8, 14, 0, 0],
      axes: [axis(plot.x, 26), axis(plot.y, (_, at) => 12 + 7 * Math.max(2, ...(at ?? []).map((v) => v.length)))],
      series: [{}].concat(plot.curves.map((curve) => ({
        label: curve.name,
        stroke: () => color(curve.style.color),
        width: 2,
        dash: curve.style.dash,
        spanGaps: true,
        points: { show: false },
      }))),
      hooks: {
        drawSeries: [(u, n) => drawMarks(u, plot.curves[n - 1], u.data[n])],
        draw: [(u) => drawGoals(u, plot)],
        setCursor: [(u) => tell(u, plot, tip)],
      },
    }, plot.data, box);
    box.append(tip);
    box.addEventListener("keydown", (event) => step(u, event));
    box.addEventListener("blur", () => hide(u));
    return { u, box };
  }

  const hide = (u) => u.setCursor({ left: -10, top: -10 }, true, true);

  // step moves the cursor to another point.
  function step(u, event) {
    const last = u.data[0].length - 1;
    const now = u.cursor.left >= 0 ? u.cursor.idx : null;
    const to = {
      ArrowRight: now === null ? 0 : Math.min(now + 1, last),
      ArrowLeft: now === null ? last : Math.max(now - 1, 0),
      Home: 0,
      End: last,
    }[event.key];
    if (event.key === "Escape") hide(u);
    if (to === undefined) return;
    event.preventDefault();
    u.setCursor({ left: u.valToPos(u.data[0][to], "x"), top: u.over.clientHeight / 2 }, true, true);
  }

  function fit({ u, box }) {
    if (box.clientWidth > 0 && (box.clientWidth !== u.width || box.clientHeight !== u.height)) {
      u.setSize({ width: box.clientWidth, height: box.clientHeight });
    }
  }

  for (const figure of document.querySelectorAll("figure")) {
    const own = [...figure.querySelectorAll(".plot")].map((box) => make(box, figure.id));
    plots.push(...own);
    for (const button of figure.querySelectorAll(".legend button")) {
      button.addEventListener("click", () => {
        const show = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(show));
        own.forEach(({ u }) => u.setSeries(Number(button.dataset.curve) + 1, { show }));
      });
    }
  }

  const redraw = () => plots.forEach(({ u }) => u.redraw());
  const watch = new ResizeObserver(() => plots.forEach(fit));
  plots.forEach(({ box }) => watch.observe(box));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  const print = (on) => {
    document.documentElement.classList.toggle("print", on);
    plots.forEach(fit);
    redraw();
  };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
})();
