"use strict";
// Plots: the value under the pointer, a rectangle drawn with the mouse to look closer, two clicks to go back.
(() => {
  const tip = document.getElementById("tip");
  const SVG = "http://www.w3.org/2000/svg";
  // With as many digits as tell it from what is a step away.
  const shown = (x, step = 0) => {
    if (x === 0) return "0";
    const size = Math.abs(x);
    const digits = step > 0 ? Math.min(Math.max(5, Math.ceil(Math.log10(size / step)) + 1), 15) : 5;
    const text = size >= Math.pow(10, digits) || size < 1e-3 ? x.toExponential(digits - 2) : x.toPrecision(digits);
    return text.replace(/(\.\d*?)0+(e|$)/, "$1$2").replace(/\.(e|$)/, "$1").replace("e+", "e");
  };
  const axis = (text) => {
    const [low, high, log] = text.split(" ").map(Number);
    return { low, high, log };
  };
  // A value read off an axis, with the digits that it shows.
  const read = (axis, part) => {
    const x = value(axis, part), step = (axis.high - axis.low) / 250;
    if (axis.log || Math.abs(x) >= 1e5 || step < 1e-4) return shown(Number(x.toPrecision(4)));
    const text = x.toFixed(Math.max(0, Math.ceil(-Math.log10(step))));
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  };
  // The value at a part of an axis.
  const value = (axis, part) =>
    axis.log ? axis.low * Math.pow(axis.high / axis.low, part) : axis.low + (axis.high - axis.low) * part;
  const part = (axis, x) =>
    axis.log ? Math.log(x / axis.low) / Math.log(axis.high / axis.low) : (x - axis.low) / (axis.high - axis.low);
  const ticks = (axis) => {
    const out = [];
    if (axis.log && axis.high / axis.low > 9) {
      const step = Math.max(1, Math.ceil(Math.log10(axis.high / axis.low) / 6));
      for (let e = Math.ceil(Math.log10(axis.low) - 1e-9); e <= Math.log10(axis.high) + 1e-9; e += step) out.push(Math.pow(10, e));
      return out;
    }
    const raw = (axis.high - axis.low) / 5;
    const power = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = [1, 2, 5, 10].find((k) => k * power >= raw) * power;
    for (let i = Math.ceil(axis.low / step - 1e-9); i * step <= axis.high + 1e-9 * step; i++) out.push(i * step);
    return out;
  };
  for (const svg of document.querySelectorAll("svg.plot[data-x]")) {
    const area = svg.querySelector("svg.area"), marks = area.querySelector("g.marks");
    const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(area.getAttribute(name)));
    const whole = { x: axis(svg.dataset.x), y: axis(svg.dataset.y) };
    let now = whole, start = null;
    const points = [];
    for (const path of marks.querySelectorAll("path[data-name]")) {
      for (const [, x, y] of path.getAttribute("d").matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)) points.push([Number(x), Number(y), path.dataset.name]);
    }
    const zone = document.createElementNS(SVG, "rect");
    zone.setAttribute("class", "zone");
    const place = (event) => {
      const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
      const clamp = (x, most) => Math.min(Math.max(x, 0), most);
      return [clamp((event.clientX - box.left) * scale - left, width), clamp((event.clientY - box.top) * scale - top, height)];
    };
    // The plot area's coordinates of the whole view and of the present one.
    const view = () => {
      const [x0, x1] = [now.x.low, now.x.high].map((x) => part(whole.x, x) * width);
      const [y0, y1] = [now.y.high, now.y.low].map((y) => (1 - part(whole.y, y)) * height);
      return [x0, y0, width / (x1 - x0), height / (y1 - y0)];
    };
    const draw = () => {
      const [x0, y0, kx, ky] = view();
      marks.setAttribute("transform", `scale(${kx} ${ky}) translate(${-x0} ${-y0})`);
      const group = svg.querySelector("g.ticks");
      group.replaceChildren();
      const add = (name, attributes, text) => {
        const element = document.createElementNS(SVG, name);
        for (const [key, x] of Object.entries(attributes)) element.setAttribute(key, x);
        if (text !== undefined) element.textContent = text;
        group.append(element);
      };
      const step = (all) => all.length > 1 ? all[1] - all[0] : 0;
      const [xs, ys] = [ticks(now.x), ticks(now.y)];
      for (const x of xs) {
        const at = left + part(now.x, x) * width;
        add("path", { class: "grid", d: `M${at} ${top}v${height}` });
        add("text", { x: at, y: top + height + 18, "text-anchor": "middle" }, shown(x, step(xs)));
      }
      for (const y of ys) {
        const at = top + (1 - part(now.y, y)) * height;
        add("path", { class: "grid", d: `M${left} ${at}h${width}` });
        add("text", { x: left - 6, y: at + 5, "text-anchor": "end" }, shown(y, step(ys)));
      }
    };
    svg.addEventListener("pointermove", (event) => {
      const [x, y] = place(event);
      if (start) {
        const [a, b] = start;
        for (const [key, at] of [["x", Math.min(a, x)], ["y", Math.min(b, y)], ["width", Math.abs(x - a)], ["height", Math.abs(y - b)]]) zone.setAttribute(key, at);
        return;
      }
      const [x0, y0, kx, ky] = view();
      let best = null, least = 400;
      for (const point of points) {
        const distance = ((point[0] - x0) * kx - x) ** 2 + ((point[1] - y0) * ky - y) ** 2;
        if (distance <= least) [best, least] = [point, distance];
      }
      tip.style.display = best ? "block" : "none";
      if (best) {
        tip.textContent = `${best[2]}: ${read(whole.x, best[0] / width)}, ${read(whole.y, 1 - best[1] / height)}`;
        const room = tip.offsetWidth + 24;
        tip.style.left = `${event.clientX + 14 + room > innerWidth + 14 ? Math.max(4, event.clientX - room) : event.clientX + 14}px`;
        tip.style.top = `${event.clientY + 14}px`;
      }
    });
    svg.addEventListener("pointerleave", () => { tip.style.display = "none"; });
    svg.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      start = place(event);
      zone.setAttribute("width", 0);
      area.append(zone);
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointerup", (event) => {
      if (!start) return;
      const [a, b] = start, [x, y] = place(event);
      start = null;
      zone.remove();
      if (Math.abs(x - a) < 8 || Math.abs(y - b) < 8) return;
      const cut = (axis, from, to) => ({ low: value(axis, from), high: value(axis, to), log: axis.log });
      now = {
        x: cut(now.x, Math.min(a, x) / width, Math.max(a, x) / width),
        y: cut(now.y, 1 - Math.max(b, y) / height, 1 - Math.min(b, y) / height),
      };
      draw();
    });
    svg.addEventListener("dblclick", () => { now = whole; draw(); });
  }
  addEventListener("beforeprint", () => { for (const details of document.querySelectorAll("details")) details.open = true; });
})();
